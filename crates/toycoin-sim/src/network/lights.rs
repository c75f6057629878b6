//! Light clients in the network: their start and their invariants.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{Block, BlockHash, OutPoint, PublicKey};
use toycoin_light::machine::LightConfig;

use crate::{
    light::LightClient,
    network::{ControlError, Network, SimNode},
    node_spec::NodeSpec,
};

/// What was noted in the trace of a light client last: its tip, and the hash of each block that it found.
pub(crate) type LightNoted = (BlockHash, Vec<(u64, BlockHash)>);

impl Network {
    /// Returns a light client, by its index among all nodes; `None` if it is down, or is no light client.
    pub fn light(&self, node: usize) -> Option<&LightClient> {
        self.nodes.get(node)?.machine.as_ref()?.light()
    }

    /// Returns the indices of the light clients.
    pub fn light_clients(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().enumerate().filter(|(_, site)| site.is_light()).map(|(node, _)| node)
    }

    /// Returns the nodes that a light client has muted since its start, each with the reason. It may have muted a node
    /// under several ids.
    pub fn muted_by(&self, light: usize) -> Vec<(usize, &str)> {
        let muted = self.light(light).map(LightClient::muted).unwrap_or_default();
        muted.iter().filter_map(|(id, reason)| Some((*self.owners.get(id)?, reason.as_str()))).collect()
    }

    /// Adds a light client that knows genesis alone, with the network's usual links, and returns its index among all
    /// nodes.
    ///
    /// # Errors
    /// When nodes are linked in pairs ([`Topology::Direct`](crate::Topology::Direct)).
    pub fn add_light_client(&mut self) -> Result<usize, ControlError> {
        if !self.may_grow {
            return Err(ControlError::NoRelays);
        }
        let node = self.nodes.len();
        let relays = (0..self.relays.len()).collect();
        let spec = NodeSpec::light();
        let site =
            SimNode::new(node, &spec, (&self.params, &self.genesis), self.link, relays, self.invariants.mempool_bytes);
        self.nodes.push(site);
        self.place_in_mesh(node);
        self.start(node);
        Ok(node)
    }

    /// Starts a light client from genesis, or from what it kept.
    pub(super) fn start_light(&mut self, node: usize) {
        let now = self.moment_of(node);
        let seed = self.dice.links.bytes();
        let site = &mut self.nodes[node];
        let kept = site.light.as_deref().cloned().unwrap_or_default();
        let config = LightConfig::new(site.params.clone(), seed);
        let owner = site.wallet.address().owner();
        match LightClient::start(config, owner, kept, site.planted, now) {
            Ok(client) => {
                site.machine = Some(Box::new(client));
                self.after_start(node);
            }
            Err(error) => self.violate("crash", Some(node), format!("a light client does not go on: {error}")),
        }
    }

    /// Keeps what a crash of a light client leaves.
    pub(super) fn keep_light(&mut self, node: usize) {
        if let Some(copy) = self.light(node).map(|light| light.copy().clone()) {
            self.nodes[node].light = Some(Box::new(copy));
        }
    }

    /// Checks a light client after an event at it.
    pub(super) fn watch_light(&mut self, node: usize) {
        let Some(light) = self.light(node) else { return };
        let tip = light.tip();
        let found: Vec<_> = light.found().iter().map(|(height, block)| (*height, block.hash())).collect();
        let muted = self.muted_by(node).into_iter().find(|(of, _)| self.nodes[*of].honest);
        if let Some(what) = muted.map(|(of, reason)| format!("it muted node {of}, which is honest: {reason}")) {
            return self.violate("no honest mute", Some(node), what);
        }
        if self.nodes[node].light_noted.as_ref().is_some_and(|noted| *noted == (tip.hash, found.clone())) {
            return;
        }
        let (height, hash) = (tip.header.height, tip.hash);
        let broken = match self.tip_fault(node) {
            Some(what) => Some(("light tip", what)),
            None => self.found_fault(node).map(|what| ("light blocks", what)),
        };
        let blocks = found.len();
        self.trace.note(self.now, format_args!(r#""light":{node},"tip":"{hash}","height":{height},"found":{blocks}"#));
        self.nodes[node].light_noted = Some((hash, found));
        if let Some((invariant, what)) = broken {
            self.violate(invariant, Some(node), what);
        }
        self.check_callers();
    }

    /// Returns what is wrong with a light client's tip: no engine has that block, or gives it other work.
    fn tip_fault(&self, node: usize) -> Option<String> {
        let tip = self.light(node)?.tip();
        let engines = self.nodes.iter().filter_map(|site| site.machine.as_ref()?.node());
        let knows = |hash: &BlockHash| engines.clone().find_map(|node| Some(node.chain().headers().get(hash)?.work));
        if self.by_work.contains(&(tip.work, tip.hash)) {
            return None;
        }
        match knows(&tip.hash) {
            Some(work) if work == tip.work => None,
            Some(work) => Some(format!("its tip {} has {work:?}, it says {:?}", tip.hash, tip.work)),
            None => Some(format!("no node knows its tip {} at height {}", tip.hash, tip.header.height)),
        }
    }

    /// Returns what is wrong with the blocks that a light client found: one does not concern its owner, or is not on
    /// the chain that it follows, as far down as it keeps headers.
    fn found_fault(&self, node: usize) -> Option<String> {
        let light = self.light(node)?;
        let mut concern = Concern::of(self.owner_of(node), self.params.genesis());
        for (height, block) in light.found() {
            let hash = block.hash();
            if !concern.takes(block) {
                return Some(format!("block {hash} at height {height} does not concern its owner"));
            }
            if light.machine().header_at(*height).is_some_and(|at| at.hash != hash) {
                return Some(format!("block {hash} at height {height} is not on its chain"));
            }
        }
        None
    }

    fn owner_of(&self, node: usize) -> PublicKey {
        self.nodes[node].wallet.address().owner()
    }

    /// Returns a light client that has not the tip of the honest nodes, or has not found all blocks of it that concern
    /// its owner, with what is wrong.
    pub(crate) fn light_behind(&self) -> Option<(usize, &'static str, String)> {
        let (_, chain) = self.chains().next()?;
        self.light_clients().find_map(|node| {
            let Some(light) = self.light(node) else { return Some((node, "light convergence", "it is down".into())) };
            let (own, tip) = (light.tip(), chain.tip());
            let (searched, confirmed) = light.progress();
            if (own.hash, own.work) != (tip.hash, tip.work) || searched != tip.height {
                let what = format!(
                    "its tip is at height {}, searched to {searched}, confirmed to {confirmed}; the others are at {}",
                    own.header.height, tip.height
                );
                return Some((node, "light convergence", what));
            }
            let expected = self.concerning(node);
            let found: BTreeMap<_, _> = light.found().iter().map(|(height, block)| (*height, block.hash())).collect();
            (found != expected).then(|| {
                let heights = |of: &BTreeMap<u64, BlockHash>| of.keys().copied().collect::<Vec<_>>();
                let what = format!("it found {:?}, of {:?}", heights(&found), heights(&expected));
                (node, "light blocks", what)
            })
        })
    }

    /// Returns the blocks of the first honest node's chain that concern a light client's owner.
    pub fn concerning(&self, node: usize) -> BTreeMap<u64, BlockHash> {
        let mut concern = Concern::of(self.owner_of(node), self.params.genesis());
        let Some((_, chain)) = self.chains().next() else { return BTreeMap::new() };
        let blocks = (1..=chain.height()).filter_map(|height| chain.block_at(height).ok().flatten());
        let concerning = blocks.filter(|block| concern.takes(block.block()));
        concerning.map(|block| (block.height(), block.hash())).collect()
    }
}

/// Model of what concerns an owner: it goes through all blocks, as a full node's wallet does.
struct Concern {
    owner: PublicKey,
    coins: BTreeSet<OutPoint>,
}

impl Concern {
    fn of(owner: PublicKey, genesis: &Block) -> Self {
        let mut concern = Self { owner, coins: BTreeSet::new() };
        concern.takes(genesis);
        concern
    }

    /// Returns whether the next block pays the owner or spends its coin.
    fn takes(&mut self, block: &Block) -> bool {
        let mut concerns = false;
        for transaction in &block.transactions {
            for outpoint in &transaction.inputs {
                concerns |= self.coins.remove(outpoint);
            }
        }
        let coinbase = block.coinbase.outpoints(block.coinbase.txid()).map(|(outpoint, output)| (outpoint, *output));
        let paid = block.transactions.iter().flat_map(|transaction| {
            transaction.outpoints(transaction.txid()).map(|(outpoint, output)| (outpoint, *output)).collect::<Vec<_>>()
        });
        for (outpoint, output) in coinbase.chain(paid) {
            if output.owner == self.owner {
                self.coins.insert(outpoint);
                concerns = true;
            }
        }
        concerns
    }
}
