//! A relay, a node that has the chain, and sealed wallets.

use super::{Keeper, Outcome};
use crate::common::{Program, path_of};

/// A network of one node without a miner, and somebody's wallets.
pub(crate) struct Scene {
    /// The relay itself.
    relay_program: Program,
    /// Address of the relay.
    pub(crate) relay: String,
    /// The node that has the chain and mines nothing.
    pub(crate) peer: Program,
    /// The wallets.
    pub(crate) keeper: Keeper,
}

impl Scene {
    pub(crate) fn new(name: &str, network: &'static str) -> Self {
        Self::of(Keeper::new(name, network))
    }

    fn of(keeper: Keeper) -> Self {
        let (relay_program, relay) = Program::relay();
        let peer = node(&relay, keeper.network, &["--no-mine", "--data", &keeper.path("chain")]);
        Self { relay_program, relay, peer, keeper }
    }

    /// Ends relay and node, and starts others with the same chain: nobody is left who has heard of a payment.
    pub(crate) fn with_another_network(self) -> Self {
        let Self { relay_program, peer, keeper, .. } = self;
        peer.kill();
        relay_program.kill();
        let mut scene = Self::of(keeper);
        scene.peer.line_with(", at height ");
        scene
    }

    /// Makes the wallet `alice` and mines this many blocks for it: 50 toycoins each, of which the last one is immature.
    /// Returns its words.
    pub(crate) fn earn(&mut self, blocks: u64) -> String {
        let words = self.keeper.new_wallet("alice");
        self.mine_for("alice", blocks);
        words
    }

    /// Mines for the present address of a wallet, until the chain has this height.
    pub(crate) fn mine_for(&mut self, wallet: &str, height: u64) {
        self.mine_to(&self.keeper.address(wallet), height);
    }

    /// Mines for an address, until the chain has this height.
    pub(crate) fn mine_to(&mut self, address: &str, height: u64) {
        let until = height.to_string();
        node(&self.relay, self.keeper.network, &["--payout", address, "--until-height", &until]).success();
        self.peer.block(height);
    }

    /// Starts a node that mines, at a tenth of its speed: a long chain takes each wallet some time.
    pub(crate) fn miner(&self) -> Program {
        node(&self.relay, self.keeper.network, &["--throttle", "10"])
    }

    /// Runs a command of a wallet to its end.
    pub(crate) fn run(&self, wallet: &str, arguments: &[&str]) -> Outcome {
        self.keeper.run(wallet, &[arguments, &["--relay", &self.relay]].concat())
    }

    /// Starts a command of a wallet.
    pub(crate) fn start(&self, wallet: &str, arguments: &[&str]) -> Program {
        let (wallet, pass) = (self.keeper.path(wallet), self.keeper.path("pass"));
        let common = ["--wallet", &wallet, "--passphrase-file", &pass, "--relay", &self.relay];
        Program::start("wallet", &[arguments, &common, &["--network", self.keeper.network]].concat())
    }
}

/// Starts a node on a network.
pub(crate) fn node(relay: &str, network: &str, more: &[&str]) -> Program {
    debug_assert!(path_of("node").exists(), "the programs are built with the tests");
    Program::start("node", &[&["--relay", relay, "--network", network, "--threads", "1"], more].concat())
}
