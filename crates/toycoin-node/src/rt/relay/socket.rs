//! One client's socket, polled without waiting.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::ready::{ReadyList, SocketWaker};
use crate::relay::Source;

#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    listing: Arc<SocketWaker>,
    waker: Waker,
    pub(super) source: Source,
    /// The relay has something to write that the system did not take.
    pub(super) is_blocked: bool,
    /// The relay is done with it; what still comes is thrown away, so that the goodbye is not lost to a reset.
    pub(super) is_lingering: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, name: u64, source: Source, list: Arc<ReadyList>) -> Self {
        // messages are coalesced here; the system holding back a short one only delays it
        let _ = stream.set_nodelay(true);
        let listing = Arc::new(SocketWaker::new(name, list));
        let waker = Waker::from(Arc::clone(&listing));
        Self { stream, listing, waker, source, is_blocked: false, is_lingering: false }
    }

    /// Notes that its readiness is about to be used.
    pub(super) fn unlist(&self) {
        self.listing.unlist();
    }

    /// Reads once; `Pending` if there is nothing, 0 at the end of the stream.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(&self.waker), &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Returns whether a write would be tried at all; if not, the socket is listed when it would.
    pub(super) fn is_writable(&self) -> bool {
        self.stream.poll_write_ready(&mut Context::from_waker(&self.waker)).is_ready()
    }

    /// Writes once, one slice behind the other.
    pub(super) fn write(&mut self, first: &[u8], second: &[u8]) -> Poll<io::Result<usize>> {
        let slices = [IoSlice::new(first), IoSlice::new(second)];
        Pin::new(&mut self.stream).poll_write_vectored(&mut Context::from_waker(&self.waker), &slices)
    }

    /// Ends what is written, leaving the other direction open.
    pub(super) fn end_writing(&mut self) {
        // a connection that is gone already needs no end
        let _ = Pin::new(&mut self.stream).poll_shutdown(&mut Context::from_waker(&self.waker));
    }
}
