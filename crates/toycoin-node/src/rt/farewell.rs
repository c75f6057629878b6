//! The end of a node's connections: what the machine has said must leave before the process may end.

use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use crate::{limits::FAREWELL, rt::message::Message};

/// Connections that write their last bytes. Dropping it ends them at once.
pub(super) struct Farewell {
    pub(super) tasks: Vec<JoinHandle<()>>,
    pub(super) messages: mpsc::Receiver<Message>,
}

impl Farewell {
    /// Waits until everything is written and the connections are closed, but no longer than [`FAREWELL`].
    pub(super) async fn wait(mut self) {
        let ended = async {
            for task in self.tasks {
                // a task that was cancelled with its runtime has ended, too
                let _ = task.await;
            }
        };
        let heard = async { while self.messages.recv().await.is_some() {} };
        let both = async {
            tokio::select! {
                () = ended => {}
                // nobody listens any more, but a full queue would hold up whoever writes
                () = heard => {}
            }
        };
        if timeout(FAREWELL, both).await.is_err() {
            tracing::debug!("a relay did not take the last bytes");
        }
    }
}
