//! What every client of a relay says first.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use toycoin_wire::{
    ChannelRef, EncodeError, FrameDecoder, NodeId, Reader,
    relay::{Hello, Publish, RelayMessage},
};

/// Timeout of each read and write, far longer than any should take.
const DEADLINE: Duration = Duration::from_secs(20);
const NONCE: u64 = 1;

/// Connects to a server, with a deadline on each read and write.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    Ok(stream)
}

/// Joins a relay and subscribes to the channel, without waiting for the answer.
pub(crate) fn join(address: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let mut stream = connect(address)?;
    let hello = RelayMessage::Hello(Hello { node_id: node_id(number), agent: "bench" });
    let mut bytes = Vec::new();
    for message in [hello, RelayMessage::Subscribe(channel()), RelayMessage::Ping(NONCE)] {
        message.append_frame(&mut bytes).map_err(io::Error::other)?;
    }
    stream.write_all(&bytes)?;
    Ok(stream)
}

/// Waits until the relay has done what [`join`] asked for. Returns the decoder of all that follows.
pub(crate) fn joined(stream: &mut TcpStream) -> io::Result<FrameDecoder> {
    let mut decoder = FrameDecoder::new(Reader::Client);
    let mut buffer = [0; 4 << 10];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut input = &buffer[..count];
        while let Some(frame) = decoder.next_frame(&mut input).map_err(io::Error::other)? {
            match RelayMessage::decode(frame).map_err(io::Error::other)? {
                RelayMessage::Pong(NONCE) => return Ok(decoder),
                RelayMessage::Goodbye(reason) => return Err(io::Error::other(reason.to_owned())),
                _ => {}
            }
        }
    }
}

/// Encodes a message to one subscriber, or to all.
pub(crate) fn publish(payload: &[u8], to: Option<NodeId>) -> Result<Vec<u8>, EncodeError> {
    RelayMessage::Publish(Publish { channel: channel(), to, payload }).to_frame()
}

pub(crate) fn node_id(number: usize) -> NodeId {
    NodeId::new((number as u128).to_le_bytes())
}

pub(crate) fn channel() -> ChannelRef<'static> {
    ChannelRef::new("/bench/main").expect("a name")
}
