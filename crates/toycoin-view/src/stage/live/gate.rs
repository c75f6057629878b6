//! The gate between a node and its relay: it sees each message, and withholds those from the other side of a partition.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use toycoin_sim::SeenMessage;
use toycoin_wire::{
    Frame, Tag,
    limits::{MAX_ENVELOPE, TAG_SIZE},
    relay::RelayMessage,
};

use super::board::Board;
use crate::{event::Fate, reporter::MessageKey, stage::watch::Watch};

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// A gate; dropping it ends its connections.
#[derive(Debug)]
pub(super) struct Gate {
    task: JoinHandle<()>,
}

/// What a gate needs for each of its connections.
#[derive(Debug, Clone)]
struct Post {
    node: usize,
    nodes: usize,
    board: Arc<Board>,
    watch: Arc<Watch>,
}

/// Direction of what passes a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    FromNode,
    ToNode,
}

impl Gate {
    /// Opens the gate of a node, and returns the address at which that node finds its relay.
    ///
    /// # Errors
    /// When there is no port on loopback.
    pub(super) async fn open(
        node: usize,
        nodes: usize,
        relay: SocketAddr,
        board: Arc<Board>,
        watch: Arc<Watch>,
    ) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, relay, Post { node, nodes, board, watch }));
        Ok((Self { task }, address))
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // the task owns the connections
        self.task.abort();
    }
}

/// Takes the node's connections, one after the other: it makes a new one only when the last one has failed.
async fn accept(listener: TcpListener, relay: SocketAddr, post: Post) {
    while let Ok((near, _)) = listener.accept().await {
        let Ok(far) = TcpStream::connect(relay).await else { continue };
        // blocks and payments are small, and each is waited for
        let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        // when one direction ends, so does the connection
        tokio::select! {
            _ = carry(near_in, far_out, Direction::FromNode, &post) => {}
            _ = carry(far_in, near_out, Direction::ToNode, &post) => {}
        }
    }
}

/// Carries frames in one direction, until one of the sides closes.
async fn carry(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: Direction,
    post: &Post,
) -> io::Result<()> {
    let mut from = BufReader::with_capacity(CHUNK, from);
    let mut frame = Vec::new();
    loop {
        let length = from.read_u32().await?;
        if length > MAX_ENVELOPE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        frame.clear();
        frame.extend_from_slice(&length.to_be_bytes());
        frame.resize(frame.len() + usize::try_from(length).map_err(io::Error::other)?, 0);
        let Some((_, body)) = frame.split_at_mut_checked(4) else { return Ok(()) };
        from.read_exact(body).await?;
        if post.lets_pass(body, direction) {
            to.write_all(&frame).await?;
        }
    }
}

impl Post {
    /// Tells what passes, and returns whether it does.
    fn lets_pass(&self, frame: &[u8], direction: Direction) -> bool {
        let Some((tag, body)) = frame.split_first_chunk::<TAG_SIZE>() else { return true };
        // what does not decode is for the other end to judge
        let Ok(message) = RelayMessage::decode(Frame { tag: Tag::new(*tag), body }) else { return true };
        match (direction, message) {
            (Direction::FromNode, RelayMessage::Hello(hello)) => self.board.introduce(hello.node_id, self.node),
            (Direction::FromNode, RelayMessage::Publish(publish)) => {
                let to: Vec<_> = match publish.to {
                    Some(id) => self.board.owner(&id).into_iter().collect(),
                    None => (0..self.nodes).filter(|node| *node != self.node).collect(),
                };
                let key = MessageKey::of(&SeenMessage::of(publish.payload));
                self.watch.report(|reporter, us| reporter.sent(us, self.node, to, key));
            }
            (Direction::ToNode, RelayMessage::Deliver(deliver)) => {
                let Some(from) = self.board.owner(&deliver.from) else { return true };
                let passes = self.board.passes(from, self.node);
                let fate = if passes { Fate::Delivered } else { Fate::Withheld };
                let key = MessageKey::of(&SeenMessage::of(deliver.payload));
                self.watch.report(|reporter, us| reporter.arrived(us, from, self.node, key, fate));
                return passes;
            }
            _ => {}
        }
        true
    }
}
