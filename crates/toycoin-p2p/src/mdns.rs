//! Finding nodes of the same local network by multicast DNS (RFC 6762), as the discovery of libp2p does.
//!
//! ```text
//!   who is there?        PTR _p2p-<net>._udp.local                  to 224.0.0.251, port 5353
//!   I am, and I listen   PTR ... instance, TXT dnsaddr=MULTIADDR    to the same
//! ```
//!
//! A datagram has no proven sender, and whoever is near may send as many as he likes. So there is a bound on what is
//! read per second, and on how many addresses are passed on. They enter the address book like any other hearsay, and
//! who answers there is shown by the handshake.

mod neighbours;
mod packet;
mod sockets;

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::{
    select,
    sync::mpsc,
    time::{Instant, sleep_until},
};
use toycoin_node::peering::{PeerAddress, PeerId};

use self::{
    neighbours::Neighbours,
    packet::{Packet, Service},
    sockets::Sockets,
};
use crate::{
    StartError,
    handle::Shared,
    limits::{MAX_MDNS_DATAGRAM, MAX_MDNS_DATAGRAMS, MAX_MDNS_WAITING},
    names::NetworkNames,
};

/// The task that asks who is there, and answers others.
#[derive(Debug)]
pub(crate) struct Discovery {
    service: Service,
    own: PeerId,
    shared: Arc<Shared>,
    sockets: Sockets,
    neighbours: Neighbours,
    found: mpsc::Sender<Vec<PeerAddress>>,
    /// When it asks next, and the time from then to the question after it.
    asks: (Instant, Duration),
    /// When it last answered.
    answered: Option<Instant>,
    /// The second in which datagrams are counted, and how many it had.
    read: (Instant, u32),
}

/// Starts looking for nodes of a network. Addresses that were found come out of the receiver; the task ends when that is
/// dropped.
///
/// # Errors
/// [`StartError`] if the port of multicast DNS cannot be shared, or the system gives no random bytes.
pub(crate) fn discover(
    names: &NetworkNames,
    own: PeerId,
    shared: Arc<Shared>,
) -> Result<mpsc::Receiver<Vec<PeerAddress>>, StartError> {
    let service = Service::new(names).map_err(StartError::Random)?;
    let sockets = Sockets::open().map_err(StartError::Mdns)?;
    let (found, receiver) = mpsc::channel(MAX_MDNS_WAITING);
    let now = Instant::now();
    let neighbours = Neighbours::new(own.clone());
    let (asks, read) = ((now, FIRST_INTERVAL), (now, 0));
    let discovery = Discovery { service, own, shared, sockets, neighbours, found, asks, answered: None, read };
    tokio::spawn(discovery.run());
    Ok(receiver)
}

impl Discovery {
    async fn run(mut self) {
        // a longer datagram is cut, and then it cannot be parsed
        let mut buffer = [0; MAX_MDNS_DATAGRAM];
        loop {
            let (may_read, reads_again) = self.may_read(Instant::now());
            select! {
                () = self.found.closed() => return,
                () = sleep_until(self.asks.0) => self.ask().await,
                () = sleep_until(reads_again), if !may_read => {}
                read = self.sockets.receive(&mut buffer), if may_read => match read {
                    Ok((length, source)) => {
                        self.read.1 += 1;
                        self.on_datagram(buffer.get(..length).unwrap_or_default(), source.ip()).await;
                    }
                    Err(error) => {
                        tracing::debug!("cannot read from the local network: {error}");
                        // one that fails at once must not spin
                        self.read.1 += MAX_MDNS_DATAGRAMS;
                    }
                },
            }
        }
    }

    /// Returns whether a datagram may be read in this second, and when the next second begins.
    fn may_read(&mut self, now: Instant) -> (bool, Instant) {
        if now >= self.read.0 + Duration::from_secs(1) {
            self.read = (now, 0);
        }
        (self.read.1 < MAX_MDNS_DATAGRAMS, self.read.0 + Duration::from_secs(1))
    }

    /// Asks who is there, first often and then once a minute.
    async fn ask(&mut self) {
        let interval = self.asks.1;
        self.asks = (Instant::now() + interval, (interval * 2).min(INTERVAL));
        // interfaces come and go
        self.sockets.follow(self.shared.listening().into_iter().map(|address| address.endpoint.ip));
        let query = self.service.query();
        self.sockets.send(|_| Some(query.clone())).await;
    }

    async fn on_datagram(&mut self, datagram: &[u8], source: IpAddr) {
        match self.service.read(datagram) {
            Some(Packet::Query) => self.answer().await,
            Some(Packet::Response(named)) => {
                let near = self.sockets.interfaces();
                let found = self.neighbours.hear(source, near, named, Instant::now());
                if !found.is_empty() {
                    tracing::debug!("{source} is near, and listens on {found:?}");
                    // Nothing is read while the carrier is behind. An error means that it has ended, which the loop sees.
                    let _ = self.found.send(found).await;
                }
            }
            None => {}
        }
    }

    /// Says where this node listens, at most once a second.
    async fn answer(&mut self) {
        let now = Instant::now();
        if self.answered.is_some_and(|at| now < at + Duration::from_secs(1)) {
            return;
        }
        self.answered = Some(now);
        let (service, own, listening) = (&self.service, &self.own, self.shared.listening());
        let answer = |interface| {
            let here = listening.iter().map(|address| address.endpoint).filter(|endpoint| endpoint.ip == interface);
            let here: Vec<_> = here.map(|endpoint| PeerAddress { endpoint, peer: Some(own.clone()) }).collect();
            (!here.is_empty()).then(|| service.response(&here))
        };
        self.sockets.send(answer).await;
    }
}

/// Time between the first two questions.
const FIRST_INTERVAL: Duration = Duration::from_secs(1);

/// Longest time between two questions.
const INTERVAL: Duration = Duration::from_secs(60);
