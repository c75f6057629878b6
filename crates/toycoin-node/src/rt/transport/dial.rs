//! Connecting to a host by its name: its addresses race each other (as in RFC 8305, Happy Eyeballs).
//!
//! A name may have an address that nobody answers at, for example `::1` beside `127.0.0.1`. If they were tried one
//! after the other, the first could take all the time that there is.

use std::{collections::BTreeSet, io, net::SocketAddr};

use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tracing::debug;

use crate::limits::{MAX_ADDRESSES, NEXT_ADDRESS};

/// Connects to `address`, host and port.
///
/// # Errors
/// If the text is no address, the host's name is unknown, or none of its addresses can be reached. The error then is
/// that of the last one.
pub(super) async fn dial(address: &str) -> io::Result<TcpStream> {
    let found = lookup_host(address).await.map_err(|error| explained(address, error))?;
    race(found.collect()).await
}

/// Connects to the first address that answers. The next one joins when the last has failed, or after [`NEXT_ADDRESS`].
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut seen = BTreeSet::new();
    let mut addresses = addresses.into_iter().filter(|address| seen.insert(*address)).take(MAX_ADDRESSES).peekable();
    let mut attempts = JoinSet::new();
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    let mut next_at = Instant::now();
    loop {
        if next_at <= Instant::now()
            && let Some(address) = addresses.next()
        {
            attempts.spawn(async move { (address, TcpStream::connect(address).await) });
            next_at = Instant::now() + NEXT_ADDRESS;
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                // the other attempts end with the set
                Some(Ok((_, Ok(stream)))) => return Ok(stream),
                Some(Ok((address, Err(failed)))) => {
                    debug!(%address, error = %failed, "an address cannot be reached");
                    (error, next_at) = (failed, Instant::now());
                }
                Some(Err(failed)) => error = io::Error::other(failed),
                None if addresses.peek().is_none() => return Err(error),
                None => next_at = Instant::now(),
            },
            () = sleep_until(next_at), if addresses.peek().is_some() => {}
        }
    }
}

/// Says what is wrong with an address, instead of the system's words for it.
fn explained(address: &str, error: io::Error) -> io::Error {
    debug!(address, %error, "an address was not found");
    let text = match error.kind() {
        io::ErrorKind::InvalidInput => "it is no address of the form host:port, such as 127.0.0.1:25000".to_owned(),
        _ => {
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            format!("no host named {host} was found; check how it is written, or the network")
        }
    };
    io::Error::new(error.kind(), text)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn block_on<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    }

    #[test]
    fn goes_past_addresses_that_refuse() {
        block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            let there = listener.local_addr().unwrap();
            assert_eq!(race(vec![free, free, there]).await.unwrap().peer_addr().unwrap(), there);
            assert_eq!(race(vec![free]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            assert_eq!(race(Vec::new()).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        });
    }

    /// The kernel leaves attempts to connect without an answer once a listener's queue is full.
    #[cfg(target_os = "linux")]
    #[test]
    fn goes_past_an_address_that_does_not_answer() {
        block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
            let full = socket.listen(1).unwrap();
            let dead = full.local_addr().unwrap();
            let mut waiting = Vec::new();
            while let Ok(stream) = std::net::TcpStream::connect_timeout(&dead, NEXT_ADDRESS) {
                waiting.push(stream);
            }
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let there = listener.local_addr().unwrap();
            assert_eq!(race(vec![dead, there]).await.unwrap().peer_addr().unwrap(), there);
            drop((full, waiting));
        });
    }

    #[test]
    fn says_what_is_wrong_with_an_address() {
        let error = block_on(dial("no port")).unwrap_err().to_string();
        assert!(error.contains("host:port"), "{error}");
        let error = block_on(dial("no-such-host.invalid:1")).unwrap_err().to_string();
        assert!(error.contains("no host named no-such-host.invalid"), "{error}");
    }
}
