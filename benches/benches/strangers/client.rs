//! A client of the relay that does one thing at a time: an honest one, or a stranger.

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, NodeMessage, Payload, Reader,
    relay::{Hello, Publish, RelayMessage},
};

/// Longest time for anything, far longer than it should take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
    /// What came in one read and was not looked at yet.
    inbox: VecDeque<(NodeId, NodeMessage)>,
    /// The last `PONG`.
    pong: Option<u64>,
}

impl Client {
    /// Connects under an id of its own, and subscribes.
    pub(crate) fn join(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(DEADLINE))?;
        let decoder = FrameDecoder::new(Reader::Client);
        let mut client = Self { stream, decoder, inbox: VecDeque::new(), pong: None };
        client.say(&RelayMessage::Hello(Hello { node_id: fresh_id(), agent: "strangers" }))?;
        client.say(&RelayMessage::Subscribe(channel()))?;
        client.say(&RelayMessage::Ping(1))?;
        let end = Instant::now() + DEADLINE;
        while client.pong.is_none() {
            if Instant::now() > end {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the relay does not answer"));
            }
            client.read(end)?;
        }
        Ok(client)
    }

    /// Publishes a message, for one node or for all.
    pub(crate) fn publish(&mut self, to: Option<NodeId>, message: &NodeMessage) -> io::Result<()> {
        self.write(&frame(to, message)?)
    }

    pub(crate) fn write(&mut self, frames: &[u8]) -> io::Result<()> {
        self.stream.write_all(frames)
    }

    /// Reads until something wanted comes, or until `end`.
    pub(crate) fn wait<T>(
        &mut self,
        end: Instant,
        mut wanted: impl FnMut(NodeId, &NodeMessage) -> Option<T>,
    ) -> io::Result<Option<T>> {
        loop {
            while let Some((from, message)) = self.inbox.pop_front() {
                if let Some(found) = wanted(from, &message) {
                    return Ok(Some(found));
                }
            }
            // what has come is read however late it is
            if self.read(end)? == 0 && Instant::now() >= end {
                return Ok(None);
            }
        }
    }

    /// Reads until `end`, and looks at nothing.
    pub(crate) fn discard(&mut self, end: Instant) -> io::Result<()> {
        let mut buffer = vec![0; 256 << 10];
        while Instant::now() < end {
            self.receive(&mut buffer, end)?;
        }
        Ok(())
    }

    /// Returns another handle to the connection, to write while this one reads.
    pub(crate) fn writer(&self) -> io::Result<TcpStream> {
        self.stream.try_clone()
    }

    fn say(&mut self, message: &RelayMessage<'_>) -> io::Result<()> {
        self.write(&message.to_frame().map_err(io::Error::other)?)
    }

    /// Reads once, and fills the inbox. Returns the number of bytes.
    fn read(&mut self, end: Instant) -> io::Result<usize> {
        let mut buffer = [0; 64 << 10];
        let count = self.receive(&mut buffer, end)?;
        let mut input = &buffer[..count];
        while let Some(frame) = self.decoder.next_frame(&mut input).map_err(io::Error::other)? {
            match RelayMessage::decode(frame).map_err(io::Error::other)? {
                RelayMessage::Deliver(deliver) => {
                    if let Payload::Message(message) = NodeMessage::decode(deliver.payload).map_err(io::Error::other)? {
                        self.inbox.push_back((deliver.from, message));
                    }
                }
                RelayMessage::Pong(nonce) => self.pong = Some(nonce),
                RelayMessage::Goodbye(reason) => return Err(io::Error::other(reason.to_owned())),
                _ => {}
            }
        }
        Ok(count)
    }

    /// Receives what is there, or nothing until `end`.
    fn receive(&mut self, buffer: &mut [u8], end: Instant) -> io::Result<usize> {
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(left))?;
        match self.stream.read(buffer) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(0),
            result => result,
        }
    }
}

/// Returns the frame that publishes a message.
pub(crate) fn frame(to: Option<NodeId>, message: &NodeMessage) -> io::Result<Vec<u8>> {
    let payload = message.encode().map_err(io::Error::other)?;
    let publish = Publish { channel: channel(), to, payload: &payload };
    RelayMessage::Publish(publish).to_frame().map_err(io::Error::other)
}

/// Returns an id that no client of this process had before.
fn fresh_id() -> NodeId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut id = [0; 16];
    id[..4].copy_from_slice(&std::process::id().to_le_bytes());
    id[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    NodeId::new(id)
}

fn channel() -> ChannelRef<'static> {
    ChannelRef::new("/topic/main").expect("a name")
}
