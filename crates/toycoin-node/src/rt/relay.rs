//! A relay on real sockets.

mod driver;
mod events;
mod log;
mod ready;
mod socket;
mod source;
mod stats;
mod turns;

use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    thread::{self, JoinHandle},
};

use tokio::{sync::oneshot, task::JoinSet};

use crate::{
    limits::RELAY_LISTENERS,
    relay::{RelayConfig, RelayMachine, RelayStats},
};

use self::{
    driver::Driver,
    events::{EventSender, events},
};

pub use self::{events::RelayEvents, stats::RelayStatsReader};

/// A relay that listens. It serves once it is [run](Self::run) or [spawned](Self::spawn).
///
/// ```no_run
/// use toycoin_node::{relay::RelayConfig, rt::RelayServer};
///
/// let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?;
/// println!("listening on {}", relay.local_addr());
/// let handle = relay.spawn()?;
/// // ... connect, publish ...
/// let stats = handle.shutdown();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RelayServer {
    listeners: Vec<TcpListener>,
    /// The address of each listener; at least one.
    local_addrs: Vec<SocketAddr>,
    machine: RelayMachine,
    events: Option<EventSender>,
    stats: RelayStatsReader,
}

impl RelayServer {
    /// Listens on `addr`, or on the first of several addresses that works; port 0 chooses a free port. Clients may
    /// connect from now on, and are served later.
    ///
    /// # Errors
    /// The system's error, for example [`io::ErrorKind::AddrInUse`].
    pub fn bind(addr: impl ToSocketAddrs, config: RelayConfig) -> io::Result<Self> {
        let (listener, local_addr) = listen(addr)?;
        Ok(Self {
            listeners: vec![listener],
            local_addrs: vec![local_addr],
            machine: RelayMachine::new(config),
            events: None,
            stats: RelayStatsReader::default(),
        })
    }

    /// Listens on one more address, for example on `::1` beside `127.0.0.1`.
    ///
    /// # Errors
    /// Those of [`bind`](Self::bind), and [`io::ErrorKind::InvalidInput`] beyond [`RELAY_LISTENERS`] addresses. The relay
    /// then listens as before.
    pub fn listen_also(&mut self, addr: impl ToSocketAddrs) -> io::Result<()> {
        if self.listeners.len() == RELAY_LISTENERS {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a relay has at most 16 addresses"));
        }
        let (listener, local_addr) = listen(addr)?;
        self.listeners.push(listener);
        self.local_addrs.push(local_addr);
        Ok(())
    }

    /// Returns the address on which the relay listens, the first if there are several.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addrs[0]
    }

    /// Returns all addresses on which the relay listens; at least one.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// Returns the events of the relay from its start on: who joins and leaves, who subscribes to what, and one event
    /// per message. A second call ends the events that the first one returned.
    ///
    /// The relay never waits for their reader. Events come in batches, at most one every 20 ms
    /// ([`RELAY_EVENT_INTERVAL`](crate::limits::RELAY_EVENT_INTERVAL)). Of what happens in between, and of what a slow
    /// reader does not take, a bounded number waits ([`RELAY_EVENTS`](crate::limits::RELAY_EVENTS)). The rest is
    /// counted by [`RelayEvent::LeftOut`](crate::relay::RelayEvent::LeftOut). Once the reader is dropped, no events are
    /// made any more.
    ///
    /// ```
    /// use toycoin_node::{NodeBuilder, RelayConfig, RelayServer, relay::RelayEvent};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?;
    /// let mut events = relay.observe();
    /// let relay = relay.spawn()?;
    /// let params = toycoin_core::ChainParams::regtest();
    /// let node = NodeBuilder::new(params).relay(relay.local_addr().to_string()).spawn().await?;
    /// assert!(matches!(events.next().await, Some(RelayEvent::Joined { .. })));
    /// node.shutdown().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn observe(&mut self) -> RelayEvents {
        let (sender, receiver) = events();
        self.events = Some(sender);
        self.machine.observe(true);
        receiver
    }

    /// Returns a reader of the relay's counters, for while it [runs](Self::run).
    pub fn stats_reader(&self) -> RelayStatsReader {
        self.stats.clone()
    }

    /// Serves until `shutdown` is ready, then says goodbye to all clients and returns the counters.
    ///
    /// The machine and all sockets live in one task, so a current-thread runtime suits it best. Dropping the future
    /// ends the relay at once.
    ///
    /// # Errors
    /// When a listener cannot be registered with the runtime, or the runtime aborts the task.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<RelayStats> {
        let listeners = self.listeners.into_iter().map(tokio::net::TcpListener::from_std).collect::<io::Result<_>>()?;
        let driver = Driver::new(listeners, self.machine, self.events, self.stats);
        let (stop, stopped) = oneshot::channel::<()>();
        // A task of its own: waking the future of `block_on` takes a system call each time, waking a task takes none.
        let mut task = JoinSet::new();
        task.spawn(driver.run(async {
            let _ = stopped.await;
        }));
        shutdown.await;
        let _ = stop.send(());
        task.join_next().await.unwrap_or_else(|| Ok(RelayStats::default())).map_err(io::Error::other)
    }

    /// Serves on a thread of its own, until the handle is shut down or dropped.
    ///
    /// # Errors
    /// When the system provides no thread or no runtime.
    pub fn spawn(self) -> io::Result<RelayHandle> {
        let (local_addr, stats) = (self.local_addr(), self.stats_reader());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("relay".into()).spawn(move || {
            runtime.block_on(self.run(async {
                // a dropped handle stops the relay too
                let _ = stopped.await;
            }))
        })?;
        Ok(RelayHandle { local_addr, stats, stop: Some(stop), thread: Some(thread) })
    }
}

fn listen(addr: impl ToSocketAddrs) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    let local_addr = listener.local_addr()?;
    Ok((listener, local_addr))
}

/// A relay on its own thread. Dropping the handle shuts the relay down and waits for its end, at most two seconds.
#[derive(Debug)]
pub struct RelayHandle {
    local_addr: SocketAddr,
    stats: RelayStatsReader,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<RelayStats>>>,
}

impl RelayHandle {
    /// Returns the address on which the relay listens, the first if there are several.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Returns the counters at the end of the relay's last turn. That takes no longer than to copy them.
    pub fn stats(&self) -> RelayStats {
        self.stats.stats()
    }

    /// Stops the relay and returns its counters, which are zero if it had failed.
    pub fn shutdown(mut self) -> RelayStats {
        self.stop_and_join().unwrap_or_default()
    }

    fn stop_and_join(&mut self) -> Option<RelayStats> {
        if let Some(stop) = self.stop.take() {
            // the relay may have ended by itself
            let _ = stop.send(());
        }
        self.thread.take()?.join().ok()?.ok()
    }
}

impl Drop for RelayHandle {
    fn drop(&mut self) {
        self.stop_and_join();
    }
}
