//! The messages that wait on a transport.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::rt::transport::progress::{Progress, weight};

/// A message from the handle to the task.
#[derive(Debug)]
pub(super) enum Command {
    Send { connection: u64, bytes: Bytes },
    Close { connection: u64 },
}

/// The messages that wait to be sent on the present connection. Those for earlier connections are skipped.
pub(super) struct Queue {
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) progress: Arc<Progress>,
    pub(super) connection: u64,
}

/// What the task must do next.
pub(super) enum Next {
    Send(Bytes),
    Close,
    Over,
}

impl Queue {
    /// Returns the next command for the present connection. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            let Some(command) = self.commands.recv().await else { return Next::Over };
            if let Some(next) = self.judge(command) {
                return next;
            }
        }
    }

    pub(super) fn try_next(&mut self) -> Option<Next> {
        while let Ok(command) = self.commands.try_recv() {
            if let Some(next) = self.judge(command) {
                return Some(next);
            }
        }
        None
    }

    /// Discards commands while there is no connection, until the handle is dropped.
    pub(super) async fn discard(&mut self) {
        while let Some(command) = self.commands.recv().await {
            self.judge(command);
        }
    }

    fn judge(&self, command: Command) -> Option<Next> {
        match command {
            Command::Send { connection, bytes } => {
                self.progress.taken(connection, weight(&bytes));
                (connection == self.connection).then_some(Next::Send(bytes))
            }
            Command::Close { connection } => (connection == self.connection).then_some(Next::Close),
        }
    }
}
