//! The loop around the machine of a snapshot sync.

use std::path::PathBuf;

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use toycoin_core::snapshot::{CHUNK_COINS, COIN_BYTES};
use toycoin_light::machine::snapshot::{Input, Output, Snapshot, SnapshotMachine};

use super::SnapshotSyncError;
use crate::{
    machine::Machine,
    rt::{
        MeshEvent,
        clock::Clock,
        wires::{RelayMessage, WireEvent, Wires},
    },
    store::SnapshotPart,
};

/// How far a snapshot sync has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotProgress {
    /// Servers are sought, and the work behind their tip is proved.
    Seeking {
        /// The number of servers that were heard.
        servers: usize,
        /// The height of the tip whose work was proved; 0 until one is.
        height: u64,
    },
    /// The chunks of a snapshot come.
    Fetching {
        /// The height of the snapshot's block.
        height: u64,
        /// The number of chunks that came.
        chunks: usize,
        /// The number of chunks in all.
        of: usize,
        /// Bytes of coins that came.
        bytes: u64,
        /// The number of servers.
        servers: usize,
    },
    /// All chunks are here, and the database is written.
    Writing {
        /// The number of coins that were written.
        coins: u64,
        /// The number of coins in all.
        of: u64,
    },
}

/// The machine with what it talks through, and the file for the chunks.
pub(super) struct Driver {
    pub(super) machine: SnapshotMachine,
    pub(super) clock: Clock,
    pub(super) wires: Wires,
    pub(super) directory: PathBuf,
    pub(super) part: Option<SnapshotPart>,
    /// The height of the snapshot whose chunks come.
    pub(super) height: u64,
}

/// What comes next.
enum Next {
    Message(RelayMessage),
    Mesh(MeshEvent),
    Timeout,
}

impl Driver {
    /// Runs until a snapshot is complete. Returns it with its coins.
    pub(super) async fn run(
        mut self,
        mut messages: mpsc::Receiver<RelayMessage>,
        mut report: impl FnMut(SnapshotProgress),
    ) -> Result<(Snapshot, SnapshotPart), SnapshotSyncError> {
        let mut last = None;
        loop {
            if let Some(snapshot) = self.drain()?
                && let Some(part) = self.part.take()
            {
                return Ok((snapshot, part));
            }
            let progress = self.progress();
            if last.replace(progress) != Some(progress) {
                report(progress);
            }
            let timeouts = [self.wires.next_timeout(), self.machine.next_timeout()];
            let timeout = timeouts.into_iter().flatten().min().map(|at| self.clock.instant(at));
            let next = tokio::select! {
                Some(message) = messages.recv() => Next::Message(message),
                event = self.wires.mesh_event() => Next::Mesh(event),
                () = sleep_until(timeout.unwrap_or_else(Instant::now)), if timeout.is_some() => Next::Timeout,
            };
            let now = self.clock.now();
            match next {
                Next::Message(message) => self.wires.receive(now, message),
                Next::Mesh(event) => self.wires.hear(event),
                Next::Timeout => {
                    self.wires.wake(now);
                    self.machine.handle(now, Input::Timeout);
                }
            }
        }
    }

    /// Passes on all that waits. Returns the snapshot once it is complete.
    fn drain(&mut self) -> Result<Option<Snapshot>, SnapshotSyncError> {
        loop {
            while let Some(output) = self.machine.poll_output() {
                match output {
                    Output::Ask { server, payload } => self.wires.say(server.connection, Some(server.peer), payload),
                    Output::Tell { connection, payload } => self.wires.say(connection, None, payload),
                    Output::Mute { server, time, reason } => self.wires.shun(server, time, &reason),
                    Output::Begin { header, coins } => {
                        // the old file goes before the new one takes its name
                        self.part = None;
                        self.part = Some(SnapshotPart::create(&self.directory, coins)?);
                        self.height = header.height;
                    }
                    Output::WriteChunk { place, coins } => {
                        if let Some(part) = &mut self.part {
                            part.write(place, &coins)?;
                        }
                    }
                    Output::Failed(failure) if failure.is_final() => return Err(SnapshotSyncError::Failed(failure)),
                    Output::Failed(failure) => {
                        tracing::warn!(%failure, "a snapshot is given up, and another one sought");
                        self.part = None;
                    }
                    Output::Done(snapshot) => return Ok(Some(*snapshot)),
                }
            }
            let Some(event) = self.wires.poll() else { return Ok(None) };
            let input = match &event {
                WireEvent::Opened { connection } => Input::Opened { connection: *connection },
                WireEvent::Closed { connection } => Input::Closed { connection: *connection },
                WireEvent::Joined { server } => Input::Joined { server: *server },
                WireEvent::Left { server } => Input::Left { server: *server },
                WireEvent::Heard { server, payload } => Input::Heard { server: *server, payload },
                WireEvent::Unanswered { server, question } => {
                    Input::Unanswered { server: *server, question: *question }
                }
            };
            self.machine.handle(self.clock.now(), input);
        }
    }

    fn progress(&self) -> SnapshotProgress {
        let (servers, (chunks, of)) = (self.machine.servers(), self.machine.progress());
        if self.part.is_none() {
            return SnapshotProgress::Seeking { servers, height: self.machine.tip().header.height };
        }
        let bytes = (chunks * CHUNK_COINS * COIN_BYTES) as u64;
        SnapshotProgress::Fetching { height: self.height, chunks, of, bytes, servers }
    }
}
