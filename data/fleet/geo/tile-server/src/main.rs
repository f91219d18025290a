fn main() {
    println!("tile-server");
}
