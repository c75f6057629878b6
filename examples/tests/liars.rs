//! What peers claim is never believed: programs go by headers and blocks that were verified, and have an end.

mod common;

use common::{
    Program,
    stranger::{Liar, boast},
};

/// A height that no counter reaches.
const ABSURD: u64 = 1 << 60;

fn on<'a>(relay: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [more, &["--relay", relay, "--network", "regtest"]].concat()
}

#[test]
fn a_node_goes_by_what_it_verified() {
    let (_relay, address) = Program::relay();
    let _liar = Liar::new(&address, 1, &boast(ABSURD));
    let miner = Program::start("node", &on(&address, &["--until-height", "12"]));
    let follower = Program::start("node", &on(&address, &["--no-mine", "--until-height", "10"])).success();
    let stopped = follower.iter().find_map(|line| line.split_once("stopped at height ")).expect("an end").1;
    let height: u64 = stopped.split(',').next().and_then(|height| height.parse().ok()).expect("a height");
    assert!((10..1_000).contains(&height), "{stopped}");
    assert!(!follower.iter().any(|line| line.contains("catching up")), "{follower:#?}");
    miner.success();
}
