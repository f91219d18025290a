// One tick, four phases, no allocation after start-up.
fn main() {
    println!("meridian-daemon");
}
