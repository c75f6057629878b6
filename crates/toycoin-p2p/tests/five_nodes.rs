//! Five nodes on real sockets, without a relay: they find each other from one address, and again after all that can
//! happen to them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::path::{Path, PathBuf};

use toycoin_core::{Amount, BlockHash, ChainParams, SecretKey, TransactionBuilder};
use toycoin_node::{NodeBuilder, NodeHandle, mesh_port, peering::PeerAddress};
use toycoin_p2p::{Config, Handle, ListenAddress, start};

use self::common::{config, until};

/// A node and the carrier of its mesh.
struct Site {
    node: NodeHandle,
    mesh: Handle,
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let mut name = [0; 8];
        getrandom::fill(&mut name).unwrap();
        let path = std::env::temp_dir().join(format!("toycoin-five-nodes-{}", u64::from_ne_bytes(name)));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Site {
    /// Starts node `number`, which keeps its key and its peers in a folder. It does not mine.
    async fn start(number: u32, folder: &Path, config: Config) -> Self {
        let config = config
            .key_file(folder.join(format!("{number}.key")))
            .peers_file(folder.join(format!("{number}.peers")))
            .agent(format!("five-nodes/{number}"));
        let (port, end) = mesh_port(1_024);
        let mesh = start(config, end).await.unwrap();
        let owner = SecretKey::classroom(10 + number).public_key();
        let builder = NodeBuilder::new(ChainParams::regtest()).mine_to(owner).threads(1).mesh(port);
        let node = builder.spawn().await.unwrap();
        node.set_mining(false).await.unwrap();
        Self { node, mesh }
    }

    fn address(&self) -> PeerAddress {
        self.mesh.listening().first().cloned().unwrap()
    }

    async fn stop(self) {
        self.node.shutdown().await.unwrap();
        self.mesh.ended().await;
    }

    async fn tip(&self) -> BlockHash {
        self.node.status().await.unwrap().tip.hash
    }

    async fn height(&self) -> u64 {
        self.node.status().await.unwrap().tip.height
    }

    /// Mines until the chain is at least so high, and returns the tip.
    async fn mine_to(&self, height: u64) -> BlockHash {
        self.node.set_mining(true).await.unwrap();
        until("a block", async || self.height().await >= height).await;
        self.node.set_mining(false).await.unwrap();
        self.tip().await
    }

    /// Mines at least one block, and returns the tip.
    async fn mine(&self) -> BlockHash {
        self.mine_to(self.height().await + 1).await
    }
}

/// Waits until each of these is connected with all others.
async fn all_joined(sites: &[Site]) {
    for site in sites {
        until("all others", async || site.mesh.peers().await.len() == sites.len() - 1).await;
    }
}

async fn all_have_tip(sites: &[Site], tip: BlockHash) {
    for site in sites {
        until("the tip", async || site.tip().await == tip).await;
    }
}

async fn block(some: &[Site], others: &[Site], blocked: bool) {
    for (one, other) in some.iter().flat_map(|one| others.iter().map(move |other| (one, other))) {
        for (site, peer) in [(one, other), (other, one)] {
            if blocked {
                site.mesh.block(peer.mesh.peer_id()).await;
            } else {
                site.mesh.unblock(peer.mesh.peer_id()).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_nodes_find_each_other_whatever_happens() {
    let folder = Folder::new();
    // one address is all that they know
    let first = Site::start(0, &folder.0, config()).await;
    let bootstrap = first.address();
    let mut sites = vec![first];
    for number in 1..5 {
        sites.push(Site::start(number, &folder.0, config().peer(bootstrap.clone())).await);
    }
    all_joined(&sites).await;
    let tip = sites[3].mine().await;
    all_have_tip(&sites, tip).await;

    let (payer, params) = (SecretKey::classroom(1), ChainParams::regtest());
    let payment = TransactionBuilder::new(&params)
        .spend(sites[4].node.coins_of(payer.public_key()).await.unwrap())
        .pay(params.address(SecretKey::classroom(2).public_key()), Amount::from_grains(1_000))
        .sign(&payer)
        .unwrap();
    let txid = sites[4].node.submit(payment).await.unwrap();
    for site in &sites {
        until("the payment", async || site.node.transaction(txid).await.unwrap().is_some()).await;
    }

    // the node that all began with is gone
    sites.remove(0).stop().await;
    all_joined(&sites).await;
    let tip = sites[0].mine().await;
    all_have_tip(&sites, tip).await;

    // two halves, whose chains part
    let (left, right) = sites.split_at(2);
    block(left, right, true).await;
    all_joined(left).await;
    all_joined(right).await;
    let short = left[0].mine().await;
    let long = right[0].mine_to(left[0].height().await + 1).await;
    all_have_tip(left, short).await;
    all_have_tip(right, long).await;
    block(left, right, false).await;
    all_joined(&sites).await;
    all_have_tip(&sites, long).await;

    // all of them start anew, and know what their files say
    let listen: Vec<ListenAddress> = sites.iter().map(|site| site.address().endpoint.into()).collect();
    for site in sites.drain(..) {
        site.stop().await;
    }
    for (number, listen) in (1..).zip(listen) {
        let config = Config::new(&params).listen(listen);
        sites.push(Site::start(number, &folder.0, config).await);
    }
    all_joined(&sites).await;
    let tip = sites[2].mine().await;
    all_have_tip(&sites, tip).await;
    for site in sites {
        assert_eq!(site.mesh.counters().violations, 0);
        site.stop().await;
    }
}
