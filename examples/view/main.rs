//! A network in a page.

fn main() {}
