//! The `deckwatch` server.

fn main() {}
