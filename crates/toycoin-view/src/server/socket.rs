//! A socket that says when something came, and that fails when nobody reads what is written to it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep, timeout},
};

use crate::{
    limits::{DISCARD_TIME, DISCARDED_BYTES, STALL_TIME},
    server::connections::Place,
};

/// The socket of a connection.
pub(crate) struct Socket {
    stream: TcpStream,
    place: Arc<Place>,
    /// While a write does not proceed: when to give up.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether a write has had to wait since the client had taken all.
    lags: bool,
}

impl Socket {
    /// Returns the socket of a connection that has this place.
    pub(crate) const fn new(stream: TcpStream, place: Arc<Place>) -> Self {
        Self { stream, place, stalled: None, lags: false }
    }

    /// Closes the connection, after it has read what the client may still be sending. Otherwise the client could find
    /// its connection reset before it has read the answer.
    pub(crate) async fn linger(mut self) {
        let discard = async {
            self.stream.shutdown().await?;
            let mut buffer = [0; 4096];
            let mut left = DISCARDED_BYTES;
            while left > 0 {
                match self.stream.read(&mut buffer).await? {
                    0 => break,
                    count => left = left.saturating_sub(count),
                }
            }
            io::Result::Ok(())
        };
        // it is over, in whatever way
        let _ = timeout(DISCARD_TIME, discard).await;
    }

    fn progress(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = poll(Pin::new(&mut self.stream), context) {
            self.stalled = None;
            return Poll::Ready(result);
        }
        if !self.lags {
            // a client that takes a few bytes now and then lags all the same
            self.lags = true;
            self.place.lags(Some(Instant::now()));
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL_TIME)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.place.received(Instant::now());
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.progress(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.progress(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // hyper flushes once its own buffer is empty
        if self.lags {
            self.lags = false;
            self.place.lags(None);
        }
        self.place.written(Instant::now());
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
