fn main() {
    println!("port-manager");
}
