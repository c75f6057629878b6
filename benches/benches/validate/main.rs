//! Validation of a block of 1,000 payments, unknown or seen before, on one core and two. Also the admission of 2,000
//! payments to the mempool, and 20,000 blocks of two payments during initial block download.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench validate                       criterion, by the clock
//! cargo bench -p toycoin-benches --bench validate -- --ratios           tables from interleaved rounds
//! cargo bench -p toycoin-benches --bench validate -- --ratios cores     one of them: block cores admission catching-up
//! ```
//!
//! Each payment spends one coin of a distinct owner, and creates two.

#![expect(clippy::print_stdout, reason = "the tables are what this program is for")]

mod catching_up;
mod groups;
mod known;
mod ratios;
mod scene;

use rayon::ThreadPoolBuilder;

use crate::scene::Scene;

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let pools = [1, 2].map(|threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"));
    let scene = Scene::new();
    if !arguments.iter().any(|argument| argument == "--ratios") {
        return groups::run(&scene, &pools);
    }
    let parts = ["block", "cores", "admission", "catching-up"];
    let named = arguments.iter().any(|argument| parts.contains(&argument.as_str()));
    let wanted = |part: &str| !named || arguments.iter().any(|argument| argument == part);
    if wanted("block") {
        ratios::block(&scene, &pools[0]);
    }
    if wanted("cores") {
        ratios::cores(&scene, &pools);
    }
    if wanted("admission") {
        ratios::admission(&scene, &pools[0]);
    }
    if wanted("catching-up") {
        pools[0].install(catching_up::compare);
    }
}
