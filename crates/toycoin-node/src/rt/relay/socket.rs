//! A client's socket, polled without waiting.

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

use crate::{
    relay::Source,
    rt::relay::ready::{ReadyList, SocketWaker},
};

#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    listing: Arc<SocketWaker>,
    waker: Waker,
    pub(super) source: Source,
    /// Whether the relay has bytes to write that the system did not take.
    pub(super) is_blocked: bool,
    /// Whether the relay has closed the connection. Further bytes are discarded, so that a reset does not destroy the
    /// goodbye.
    pub(super) is_lingering: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, name: u64, source: Source, list: Arc<ReadyList>) -> Self {
        // the relay coalesces messages itself, so holding back short ones (Nagle's algorithm) would only delay them
        let _ = stream.set_nodelay(true);
        let listing = Arc::new(SocketWaker::new(name, list));
        let waker = Waker::from(Arc::clone(&listing));
        Self { stream, listing, waker, source, is_blocked: false, is_lingering: false }
    }

    /// Marks the socket as taken from the list of ready sockets.
    pub(super) fn unlist(&self) {
        self.listing.unlist();
    }

    /// Reads once. Returns `Pending` if there is nothing to read, 0 at the end of the stream.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(&self.waker), &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Returns whether a write may succeed. If not, the socket enters the list of ready sockets once it may.
    pub(super) fn is_writable(&self) -> bool {
        self.stream.poll_write_ready(&mut Context::from_waker(&self.waker)).is_ready()
    }

    /// Writes two slices, one after the other, in one call.
    pub(super) fn write(&mut self, first: &[u8], second: &[u8]) -> Poll<io::Result<usize>> {
        let slices = [IoSlice::new(first), IoSlice::new(second)];
        Pin::new(&mut self.stream).poll_write_vectored(&mut Context::from_waker(&self.waker), &slices)
    }

    /// Closes the writing direction, and leaves the reading direction open.
    pub(super) fn end_writing(&mut self) {
        // a connection that is already gone needs no close
        let _ = Pin::new(&mut self.stream).poll_shutdown(&mut Context::from_waker(&self.waker));
    }
}
