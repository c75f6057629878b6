//! A line of limited speed between clients and a relay.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Bytes that are carried at a time.
const PACKET: usize = 8 << 10;

/// A line of limited speed: it forwards connections, each direction of each at so many bytes per second.
pub(crate) struct Cable {
    address: SocketAddr,
    /// Bytes from the relay.
    carried: Arc<AtomicU64>,
}

impl Cable {
    /// Lays a line to a relay.
    pub(crate) fn lay(relay: SocketAddr, bytes_per_second: f64) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let carried = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&carried);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(relay) else { continue };
                let ends = [&near, &far, &far, &near].map(TcpStream::try_clone);
                let [Ok(near_in), Ok(far_out), Ok(far_in), Ok(near_out)] = ends else { continue };
                let counted = Arc::clone(&counted);
                thread::spawn(move || carry(near_in, far_out, bytes_per_second, &AtomicU64::new(0)));
                thread::spawn(move || carry(far_in, near_out, bytes_per_second, &counted));
            }
        });
        Ok(Self { address, carried })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how many bytes came from the relay until now.
    pub(crate) fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

/// Carries bytes one way until an end is gone.
fn carry(mut from: TcpStream, mut to: TcpStream, bytes_per_second: f64, counted: &AtomicU64) {
    let mut packet = [0; PACKET];
    let mut free_at = Instant::now();
    while let Ok(length @ 1..) = from.read(&mut packet) {
        // a line that was idle has saved nothing up
        free_at = free_at.max(Instant::now()) + Duration::from_secs_f64(length as f64 / bytes_per_second);
        thread::sleep(free_at.saturating_duration_since(Instant::now()));
        if to.write_all(&packet[..length]).is_err() {
            break;
        }
        counted.fetch_add(length as u64, Ordering::Relaxed);
    }
    // both ends learn of it
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
