fn main() {
    println!("hashing-engine: see the service crate for the listeners");
}
