//! A client's TCP connection to one relay. It reconnects whenever the connection ends.
//!
//! It carries bytes and knows nothing of frames. Connections are numbered, so that bytes for a connection that is gone
//! are not sent on the next one. Both directions are bounded: a slow reader makes the socket wait, and a sender that is
//! too fast gets an error.

mod dial;
mod progress;
mod queue;

use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use self::{
    dial::dial,
    progress::{Progress, weight},
    queue::{Command, Next, Queue},
};
use crate::limits::{
    CLOSE_GRACE, CONNECT_TIMEOUT, MAX_RECONNECT, RECONNECT_FIRST, STALL_TIMEOUT, STEADY_CONNECTION,
    TRANSPORT_QUEUE_BYTES, TRANSPORT_READ,
};

/// An event of a transport. For each connection: `Connected`, any number of `Received` and `Written`, `Disconnected`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(super) enum TransportEvent {
    /// An attempt to connect has failed. The next attempt follows by itself.
    Unreachable {
        /// The reason, as text for people.
        reason: String,
    },
    /// A connection is established.
    Connected {
        /// The connection's number: 0, 1, 2 ...
        connection: u64,
    },
    /// Bytes arrived, split at any place.
    Received {
        /// The connection's number.
        connection: u64,
        /// At least one byte and at most 64 KiB.
        bytes: Bytes,
    },
    /// Bytes were written; [`TransportHandle::take_written`] returns how many. The event comes once until that is
    /// called.
    Written {
        /// The connection's number.
        connection: u64,
    },
    /// The connection has ended. The next attempt follows by itself.
    Disconnected {
        /// The connection's number.
        connection: u64,
        /// The reason, for logs.
        reason: String,
    },
}

/// The reason why bytes were not accepted for sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(super) enum SendError {
    /// 8 MiB wait already: the relay reads more slowly than the node sends.
    #[error("the relay reads too slowly: {} MiB wait to be sent", TRANSPORT_QUEUE_BYTES >> 20)]
    Full,
    /// The transport's task has ended.
    #[error("the relay connection has ended with its node")]
    Ended,
}

/// Sends on a transport. Dropping it ends the transport once all waiting bytes are sent.
#[derive(Debug)]
pub(super) struct TransportHandle {
    commands: mpsc::UnboundedSender<Command>,
    progress: Arc<Progress>,
}

impl TransportHandle {
    /// Queues bytes for a connection. Without effect if that connection has ended.
    ///
    /// # Errors
    /// [`SendError`] when the bytes were not accepted.
    pub(super) fn send(&self, connection: u64, bytes: Bytes) -> Result<(), SendError> {
        let Some(fits) = self.progress.wait(connection, weight(&bytes)) else { return Ok(()) };
        if !fits {
            return Err(SendError::Full);
        }
        self.commands.send(Command::Send { connection, bytes }).map_err(|_| SendError::Ended)
    }

    /// Returns the connection and the bytes that were written on it since the last call; `None` if there are none.
    pub(super) fn take_written(&self) -> Option<(u64, u64)> {
        self.progress.take_written()
    }

    /// Closes a connection once the bytes that wait are written. Without effect if that connection has ended.
    pub(super) fn close(&self, connection: u64) {
        // a transport that has ended has no connection
        let _ = self.commands.send(Command::Close { connection });
    }
}

/// Returns a transport to the relay at `address` (host and port), and the task that runs it, to be spawned.
///
/// `random` returns any number, which gives the jitter of the reconnect backoff. `wrap` turns an event into the item
/// type of the channel `events`, so that several transports can share one channel. The task ends when the handle or the
/// channel's receiver is dropped.
pub(super) fn transport<E: Send + 'static>(
    address: String,
    random: impl FnMut() -> u64 + Send + 'static,
    events: mpsc::Sender<E>,
    wrap: impl Fn(TransportEvent) -> E + Send + Sync + 'static,
) -> (TransportHandle, impl Future<Output = ()> + Send + 'static) {
    let (sender, commands) = mpsc::unbounded_channel();
    let progress = Arc::new(Progress::default());
    let queue = Queue { commands, progress: Arc::clone(&progress), connection: 0 };
    let sink = Sink { events, wrap };
    (TransportHandle { commands: sender, progress }, run(address, random, queue, sink))
}

async fn run<E>(
    address: String,
    mut random: impl FnMut() -> u64,
    mut queue: Queue,
    sink: Sink<E, impl Fn(TransportEvent) -> E>,
) {
    let mut failures = 0;
    loop {
        let begun = Instant::now();
        match connect(&address, &mut queue).await {
            Ok(None) => return,
            Ok(Some(stream)) => {
                let connection = queue.connection;
                if sink.emit(TransportEvent::Connected { connection }).await.is_err() {
                    return;
                }
                let end = serve(stream, &mut queue, &sink).await;
                let reason = match &end {
                    End::Lost(reason) => reason.clone(),
                    End::Closed => "closed by this node".to_owned(),
                    End::Over => return,
                };
                tracing::debug!(%address, connection, reason, "relay connection ended");
                if sink.emit(TransportEvent::Disconnected { connection, reason }).await.is_err() {
                    return;
                }
                queue.connection += 1;
                if begun.elapsed() >= STEADY_CONNECTION {
                    failures = 0;
                }
            }
            Err(error) => {
                tracing::debug!(%address, %error, "relay cannot be reached");
                let reason = error.to_string();
                if sink.emit(TransportEvent::Unreachable { reason }).await.is_err() {
                    return;
                }
            }
        }
        failures += 1;
        tokio::select! {
            () = sleep(backoff(failures, random())) => {}
            () = queue.discard() => return,
        }
    }
}

/// Makes one attempt to connect; `None` if the transport must end.
async fn connect(address: &str, queue: &mut Queue) -> io::Result<Option<TcpStream>> {
    let stream = tokio::select! {
        stream = timeout(CONNECT_TIMEOUT, dial(address)) => stream.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))
        })??,
        () = queue.discard() => return Ok(None),
    };
    stream.set_nodelay(true)?;
    Ok(Some(stream))
}

/// The reason why a connection ended.
enum End {
    Lost(String),
    Closed,
    /// The transport ends as well.
    Over,
}

async fn serve<E>(stream: TcpStream, queue: &mut Queue, sink: &Sink<E, impl Fn(TransportEvent) -> E>) -> End {
    let connection = queue.connection;
    let (mut reader, writer) = stream.into_split();
    let end = tokio::select! {
        end = read(&mut reader, connection, sink) => end,
        end = write(writer, queue, sink) => end,
    };
    if !matches!(end, End::Lost(_)) {
        // a socket that is closed with unread bytes resets the connection, and the relay may lose what it has not read
        let _ = timeout(CLOSE_GRACE, discard(&mut reader)).await;
    }
    end
}

/// Reads what still comes, until the other side closes.
async fn discard(reader: &mut OwnedReadHalf) {
    let mut buffer = BytesMut::with_capacity(TRANSPORT_READ);
    while reader.read_buf(&mut buffer).await.is_ok_and(|count| count > 0) {
        buffer.clear();
    }
}

async fn read<E>(reader: &mut OwnedReadHalf, connection: u64, sink: &Sink<E, impl Fn(TransportEvent) -> E>) -> End {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(TRANSPORT_READ);
        let count = match (&mut *reader).take(TRANSPORT_READ as u64).read_buf(&mut buffer).await {
            Ok(0) => return End::Lost("closed by the relay".to_owned()),
            Ok(count) => count,
            Err(error) => return End::Lost(error.to_string()),
        };
        let bytes = buffer.split_to(count).freeze();
        if sink.emit(TransportEvent::Received { connection, bytes }).await.is_err() {
            return End::Over;
        }
    }
}

/// Writes the waiting messages, several at once where there are several.
async fn write<E>(mut writer: OwnedWriteHalf, queue: &mut Queue, sink: &Sink<E, impl Fn(TransportEvent) -> E>) -> End {
    let mut batch = BytesMut::new();
    loop {
        let mut next = Some(queue.next().await);
        let mut end = None;
        while let Some(command) = next {
            match command {
                Next::Send(bytes) => batch.extend_from_slice(&bytes),
                Next::Close => end = Some(End::Closed),
                Next::Over => end = Some(End::Over),
            }
            let is_full = end.is_some() || batch.len() >= TRANSPORT_READ;
            next = if is_full { None } else { queue.try_next() };
        }
        while !batch.is_empty() {
            match timeout(STALL_TIMEOUT, writer.write_buf(&mut batch)).await {
                Ok(Ok(count)) if count > 0 => {
                    let connection = queue.connection;
                    if queue.progress.wrote(connection, count)
                        && sink.emit(TransportEvent::Written { connection }).await.is_err()
                    {
                        return End::Over;
                    }
                }
                Ok(Ok(_)) => return End::Lost("the socket takes no more bytes".to_owned()),
                Ok(Err(error)) => return End::Lost(error.to_string()),
                Err(_) => return End::Lost(format!("the relay took no byte for {} s", STALL_TIMEOUT.as_secs())),
            }
        }
        if let Some(end) = end {
            // the other side may already be gone
            let _ = writer.shutdown().await;
            return end;
        }
    }
}

/// The destination of events.
struct Sink<E, W> {
    events: mpsc::Sender<E>,
    wrap: W,
}

impl<E, W: Fn(TransportEvent) -> E> Sink<E, W> {
    async fn emit(&self, event: TransportEvent) -> Result<(), mpsc::error::SendError<E>> {
        self.events.send((self.wrap)(event)).await
    }
}

/// Returns the backoff after this many failures. It doubles each time up to a cap, and up to half of it is taken away
/// at random. So the clients of a relay that restarts do not all reconnect at once.
fn backoff(failures: u32, random: u64) -> Duration {
    let doubled = RECONNECT_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let half = doubled.min(MAX_RECONNECT) / 2;
    let thousandths = u32::try_from(random % 1001).unwrap_or_default();
    half + half * thousandths / 1000
}

#[cfg(test)]
mod tests;
