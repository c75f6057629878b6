//! A cable between a node and its relay that can be cut for a while.
//!
//! It is a TCP proxy on loopback. While it is cut, bytes wait on both sides and neither side knows. So its node is in
//! a partition of its own: it mines on without the others.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Bytes that are carried at once.
const CHUNK: usize = 64 << 10;

/// A cable; dropping it ends its connections.
#[derive(Debug)]
pub struct Cable {
    address: SocketAddr,
    is_cut: Arc<watch::Sender<bool>>,
    /// Bytes that the relay has sent through it.
    received: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Cable {
    /// Lays a cable to the relay at this address.
    ///
    /// # Errors
    /// If there is no port on loopback.
    pub async fn to(relay: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let is_cut = Arc::new(watch::Sender::new(false));
        let received = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(accept(listener, relay, Arc::clone(&is_cut), Arc::clone(&received)));
        Ok(Self { address, is_cut, received, task })
    }

    /// Returns the address at which the node finds its relay.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of bytes that the relay has sent through the cable.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Holds back all bytes from now on.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Carries what waits, and all bytes from now on.
    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // the task owns the connections
        self.task.abort();
    }
}

/// Takes the node's connections, one after the other: it makes a new one only when the last one has failed.
async fn accept(listener: TcpListener, relay: SocketAddr, is_cut: Arc<watch::Sender<bool>>, received: Arc<AtomicU64>) {
    let unread = AtomicU64::new(0);
    while let Ok((near, _)) = listener.accept().await {
        let Ok(far) = TcpStream::connect(relay).await else { continue };
        // blocks and payments are small, and each is waited for
        let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        // when one direction ends, so does the connection
        tokio::select! {
            _ = carry(near_in, far_out, is_cut.subscribe(), &unread) => {}
            _ = carry(far_in, near_out, is_cut.subscribe(), &received) => {}
        }
    }
}

/// Carries bytes in one direction, while the cable is whole, until one of the sides closes.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut is_cut: watch::Receiver<bool>,
    carried: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 || is_cut.wait_for(|is_cut| !is_cut).await.is_err() {
            return Ok(());
        }
        carried.fetch_add(count as u64, Ordering::Relaxed);
        to.write_all(buffer.get(..count).unwrap_or_default()).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, time::Duration};

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn bytes_wait_while_the_cable_is_cut() -> Result<(), Box<dyn Error>> {
        let relay = TcpListener::bind("127.0.0.1:0").await?;
        let cable = Cable::to(relay.local_addr()?).await?;
        let mut near = TcpStream::connect(cable.address()).await?;
        let (mut far, _) = relay.accept().await?;
        let mut byte = [0];
        near.write_all(b"a").await?;
        far.read_exact(&mut byte).await?;

        cable.cut();
        near.write_all(b"b").await?;
        assert!(timeout(Duration::from_millis(50), far.read_exact(&mut byte)).await.is_err());
        cable.mend();
        far.read_exact(&mut byte).await?;
        assert_eq!(&byte, b"b");

        assert_eq!(cable.received(), 0);
        far.write_all(b"xyz").await?;
        near.read_exact(&mut byte).await?;
        assert_eq!((cable.received(), &byte), (3, b"x"));

        drop(cable);
        assert_eq!(far.read(&mut byte).await?, 0, "it ends with its cable");
        Ok(())
    }
}
