//! Prints the tables of `docs/cost.md`: `cargo run --release -p fleet`.

fn main() {
    fleet::tables::print();
}
