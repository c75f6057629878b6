//! Building a node: its network, store, relays, payout and miner threads.

use std::{
    collections::BTreeMap,
    error::Error,
    io, panic,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64},
    },
    thread,
    time::Duration,
};

use tokio::{
    sync::{Notify, broadcast, mpsc},
    task,
};
use toycoin_core::{
    ChainParams, FeeRate, PublicKey,
    batch::Path,
    chain::Chain,
    consensus::{BatchVerifier, CachingVerifier},
    store::{ChainStore, MemoryStore},
};
use toycoin_wire::Channel;

use crate::{
    limits::{DRIVER_QUEUE, EVENT_QUEUE, MINED_QUEUE, REMEMBERED_SIGNATURES},
    protocol::{NodeConfig, NodeMachine},
    rt::{
        MeshPort, NodeHandle, SpawnError, clock::Clock, connections::Connections, driver::Driver, hash_rate::HashRate,
        life::Life, meeting::shortened, mesh::Mesh, miner::Miner, relays::Relays,
    },
};

/// Builds a node and starts it.
///
/// [`spawn`](Self::spawn) makes these parts:
///
/// | part | where it runs |
/// | --- | --- |
/// | the machine: chain, mempool, peers | a thread `node` of its own, since the store is asked synchronously |
/// | one task for each relay: socket, reconnecting with backoff | the tokio runtime that `spawn` is called on |
/// | miner threads, if [`mine_to`](Self::mine_to) says whom to pay | [`threads`](Self::threads) threads `miner` |
///
/// All of them end with [`NodeHandle::shutdown`], or when the last [`NodeHandle`] is dropped.
///
/// ```no_run
/// use toycoin_core::{ChainParams, SecretKey};
/// use toycoin_node::{NodeBuilder, RedbStore};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let params = ChainParams::lab();
/// let node = NodeBuilder::new(params.clone())
///     .store(RedbStore::open("chain".as_ref(), &params)?)
///     .relay("127.0.0.1:25000")
///     .mine_to(SecretKey::classroom(0).public_key())
///     .spawn()
///     .await?;
/// node.wait_for_relay().await?;
/// println!("at height {}", node.status().await?.tip.height);
/// node.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NodeBuilder<S = MemoryStore> {
    params: ChainParams,
    store: S,
    config: NodeConfig,
    relays: Vec<String>,
    mesh: Option<MeshPort>,
    threads: Option<usize>,
    throttle_percent: u32,
    seeded: bool,
}

impl NodeBuilder {
    /// Begins a node that keeps its chain in memory, does not mine and has no relay.
    pub fn new(params: ChainParams) -> Self {
        let config = NodeConfig::new(&params);
        let store = MemoryStore::new();
        Self {
            params,
            store,
            config,
            relays: Vec::new(),
            mesh: None,
            threads: None,
            throttle_percent: 100,
            seeded: false,
        }
    }
}

impl<S: ChainStore<Error: Error + Send + Sync + 'static> + Send + 'static> NodeBuilder<S> {
    /// Keeps the chain in another store.
    pub fn store<T>(self, store: T) -> NodeBuilder<T> {
        let Self { params, config, relays, mesh, threads, throttle_percent, seeded, .. } = self;
        NodeBuilder { params, store, config, relays, mesh, threads, throttle_percent, seeded }
    }

    /// Connects to a relay at `address`, host and port. Further calls add further relays.
    #[must_use]
    pub fn relay(mut self, address: impl Into<String>) -> Self {
        self.relays.push(address.into());
        self
    }

    /// Takes part in a mesh of peers without a relay. The crate `toycoin-p2p` carries it, with the other end of the
    /// [port](crate::mesh_port). A node may have relays and a mesh at once: what it accepts on one it tells on the other.
    #[must_use]
    pub fn mesh(mut self, port: MeshPort) -> Self {
        self.mesh = Some(port);
        self
    }

    /// Uses another channel than `/topic/main` for its peers.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.config.channel = channel;
        self
    }

    /// Introduces itself to relays by this name; what is beyond 64 bytes is cut off. The default is the name and the
    /// version of this crate.
    #[must_use]
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.config.agent = shortened(agent.into());
        self
    }

    /// Mines blocks whose coinbases pay this owner.
    #[must_use]
    pub fn mine_to(mut self, owner: PublicKey) -> Self {
        self.config.payout = Some(owner);
        self
    }

    /// Writes this text into the node's coinbases, at most 55 bytes. The node appends a mark of its own.
    #[must_use]
    pub fn extra(mut self, extra: impl Into<Vec<u8>>) -> Self {
        self.config.extra = extra.into();
        self
    }

    /// Mines with this many threads. The default is one less than the number of cores, at least one.
    #[must_use]
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Limits the share of time in which the miner threads work, from 1 to 100 percent.
    #[must_use]
    pub const fn throttle(mut self, percent: u32) -> Self {
        self.throttle_percent = percent;
        self
    }

    /// Delays the publication of each block that the node finds, as a slow node would; by 10 minutes at most
    /// ([`MAX_BLOCK_DELAY`](crate::limits::MAX_BLOCK_DELAY)).
    #[must_use]
    pub const fn block_delay(mut self, delay: Duration) -> Self {
        self.config.block_delay = delay;
        self
    }

    /// Refuses transactions below this fee rate.
    #[must_use]
    pub const fn min_fee_rate(mut self, rate: FeeRate) -> Self {
        self.config.min_fee_rate = rate;
        self
    }

    /// Draws the node's random choices from this seed instead of the system's randomness.
    #[must_use]
    pub const fn seed(mut self, seed: [u8; 32]) -> Self {
        self.config.seed = seed;
        self.seeded = true;
        self
    }

    /// Starts the node. Its sockets run on the calling runtime, its machine and its miners on their own threads.
    ///
    /// Opening the chain may take a while, so it happens on a thread for blocking work.
    ///
    /// # Errors
    /// When the store cannot be opened, or when the system provides no thread or no randomness.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn spawn(mut self) -> Result<NodeHandle, SpawnError> {
        if !self.seeded {
            getrandom::fill(&mut self.config.seed).map_err(|error| SpawnError::Start(io::Error::other(error)))?;
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| SpawnError::Start(io::Error::other(error)))?;
        let batches = BatchVerifier::new(Path::detect());
        let verifier = Arc::new(CachingVerifier::new(batches, secret, REMEMBERED_SIGNATURES));
        let clock = Clock::start();
        let (params, store, config) = (self.params.clone(), self.store, self.config);
        let mines = config.payout.is_some();
        let open = move || {
            let opened = Chain::open(params, store).map_err(|error| SpawnError::Open(error.into()))?;
            Ok(NodeMachine::new(opened.with_verifier(verifier), config, clock.now()))
        };
        let machine = match task::spawn_blocking(open).await {
            Ok(opened) => opened?,
            // nothing cancels this task
            Err(error) => panic::resume_unwind(error.into_panic()),
        };
        let (sender, messages) = mpsc::channel(DRIVER_QUEUE);
        let (found, mined) = mpsc::channel(MINED_QUEUE);
        let (events, _) = broadcast::channel(EVENT_QUEUE);
        let (life, stop, ending) = Life::begin();
        let (hashes, abandoned) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let threads = if mines { self.threads.unwrap_or_else(default_threads).max(1) } else { 0 };
        let hash_rate = HashRate::new(Arc::clone(&hashes));
        let miner = Miner::start(threads, self.throttle_percent, hashes, found).map_err(SpawnError::Start)?;

        let (relays, relay_states) = Relays::start(self.relays, &sender);
        let (mesh, mesh_peers) = self.mesh.map(Mesh::new).unzip();
        let weak_events = events.downgrade();
        let driver = Driver {
            machine,
            clock,
            stop,
            messages,
            abandoned: Arc::clone(&abandoned),
            mined,
            events,
            relays,
            mesh,
            connections: Connections::default(),
            replies: BTreeMap::new(),
            miner,
            hash_rate: hash_rate.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(SpawnError::Start)?;
        let run = move || {
            let (machine, farewell) = runtime.block_on(driver.run(&ending));
            // the connections write meanwhile
            if let Err(error) = machine.finish() {
                tracing::error!(%error, "the store failed in the end");
                ending.fail(error.to_string());
            }
            runtime.block_on(farewell.wait());
            ending.end();
        };
        thread::Builder::new().name("node".into()).spawn(run).map_err(SpawnError::Start)?;
        let next_request = Arc::new(AtomicU64::new(1));
        let throttle = Arc::new(AtomicU32::new(if mines { self.throttle_percent.clamp(1, 100) } else { 0 }));
        Ok(NodeHandle {
            params: self.params,
            sender,
            events: weak_events,
            relays: relay_states,
            mesh_peers,
            hash_rate,
            throttle,
            life,
            abandoned,
            next_request,
        })
    }
}

/// Returns the number of cores less one, so that the machine stays usable for its user; at least one.
fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}
