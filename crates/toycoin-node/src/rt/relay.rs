//! A relay on real sockets.

mod driver;
mod log;
mod ready;
mod socket;
mod source;
mod turns;

use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    thread::{self, JoinHandle},
};

use tokio::{sync::oneshot, task::JoinSet};

use crate::relay::{RelayConfig, RelayMachine, RelayStats};

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
    listener: TcpListener,
    local_addr: SocketAddr,
    machine: RelayMachine,
}

impl RelayServer {
    /// Listens on `addr`; port 0 chooses a free port. Clients may connect from now on, and are served later.
    ///
    /// # Errors
    /// The system's error, for example [`io::ErrorKind::AddrInUse`].
    pub fn bind(addr: impl ToSocketAddrs, config: RelayConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let local_addr = listener.local_addr()?;
        Ok(Self { listener, local_addr, machine: RelayMachine::new(config) })
    }

    /// Returns the address on which the relay listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is ready, then says goodbye to all clients and returns the counters.
    ///
    /// The machine and all sockets live in one task, so a current-thread runtime suits it best. Dropping the future
    /// ends the relay at once.
    ///
    /// # Errors
    /// When the listener cannot be registered with the runtime, or the runtime aborts the task.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<RelayStats> {
        let driver = driver::Driver::new(tokio::net::TcpListener::from_std(self.listener)?, self.machine);
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
        let local_addr = self.local_addr;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("relay".into()).spawn(move || {
            runtime.block_on(self.run(async {
                // a dropped handle stops the relay too
                let _ = stopped.await;
            }))
        })?;
        Ok(RelayHandle { local_addr, stop: Some(stop), thread: Some(thread) })
    }
}

/// A relay on its own thread. Dropping the handle shuts the relay down and waits for its end, at most two seconds.
#[derive(Debug)]
pub struct RelayHandle {
    local_addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<RelayStats>>>,
}

impl RelayHandle {
    /// Returns the address on which the relay listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
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
