//! A port of loopback that a test knows before anybody listens there, and that no other program can take.
//!
//! A port that was bound and released belongs to whoever is next: programs that run beside the test draw theirs from
//! the same range. So the socket stays bound here until the test ends. Other sockets listen elsewhere, on ports that the
//! system chooses for them, and the reserved port forwards to them.
//!
//! ```text
//!   bound       refuses connections, as an address does where nobody listens
//!     │ listen
//!   listening   accepts them, and holds them
//!     │ forward_to
//!   open        passes their bytes on, in both directions
//! ```

#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A port that is bound. Whoever connects is refused.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    socket: TcpSocket,
    address: SocketAddr,
}

/// A port that listens. It ends, and all its connections with it, when it is dropped.
#[derive(Debug)]
pub(crate) struct Forwarder {
    address: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
    accepted: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl ReservedPort {
    /// Reserves a port that the system chooses.
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // Without SO_REUSEADDR and SO_REUSEPORT, so that nobody can share the port.
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        Self { socket, address }
    }

    /// Returns the address that is reserved.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections from now on. They wait until there is an address to forward to.
    pub(crate) fn listen(self) -> Forwarder {
        let listener = self.socket.listen(BACKLOG).expect("nobody else has the port");
        let (target, targets) = watch::channel(None);
        let (counter, accepted) = watch::channel(0);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, targets, counter));
        Forwarder { address: self.address, target, accepted, _tasks: tasks }
    }

    /// Accepts connections from now on, and forwards them.
    pub(crate) fn forward_to(self, target: SocketAddr) -> Forwarder {
        let forwarder = self.listen();
        forwarder.forward_to(target);
        forwarder
    }
}

impl Forwarder {
    /// Returns the address on which it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until somebody has connected.
    pub(crate) async fn accepted(&mut self) {
        self.accepted.wait_for(|count| *count > 0).await.expect("it listens");
    }

    /// Forwards the connections that wait, and all later ones, to an address.
    pub(crate) fn forward_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Holds later connections until there is another address to forward to. Those that are open stay.
    pub(crate) fn hold(&self) {
        self.target.send_replace(None);
    }
}

async fn accept(listener: TcpListener, target: watch::Receiver<Option<SocketAddr>>, counter: watch::Sender<usize>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.expect("it listens");
        counter.send_modify(|count| *count += 1);
        connections.spawn(forward(client, target.clone()));
        // what has ended is forgotten
        while connections.try_join_next().is_some() {}
    }
}

/// Passes bytes on until one side closes or fails. A target that refuses closes the connection.
async fn forward(mut client: TcpStream, mut target: watch::Receiver<Option<SocketAddr>>) {
    let Ok(Some(target)) = target.wait_for(Option::is_some).await.map(|target| *target) else { return };
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    if client.set_nodelay(true).is_ok() && server.set_nodelay(true).is_ok() {
        // both ends see how it ended
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// Connections that the system holds until they are accepted.
const BACKLOG: u32 = 64;
