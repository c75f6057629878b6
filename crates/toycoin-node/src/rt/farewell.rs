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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::{
        io::AsyncReadExt as _,
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::{
        machine::Monotonic,
        protocol::Input,
        rt::{
            connections::{Connections, Place},
            relays::Relays,
        },
    };

    /// Returns what a relay reads that begins to read when the node has ended.
    async fn read_all(mut relay: TcpStream) -> Vec<u8> {
        let mut read = Vec::new();
        relay.read_to_end(&mut read).await.expect("an end without a reset");
        read
    }

    #[test]
    fn relay_has_read_everything_when_the_wait_is_over() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (sender, mut messages) = mpsc::channel(4);
            let (mut relays, _) = Relays::start(vec![listener.local_addr().unwrap().to_string()], &sender);
            let (relay, _) = listener.accept().await.unwrap();
            let mut connections = Connections::default();
            let Some(Message::Relay { relay: 0, event }) = messages.recv().await else { panic!("it connects") };
            let input = relays.receive(Monotonic::ORIGIN, 0, &event, &mut connections);
            assert!(matches!(input, Some(Input::Connected { .. })));
            // more than fits into the sockets' buffers, so it waits for the relay
            let last = Bytes::from(vec![7; 7 << 20]);
            relays.send(Monotonic::ORIGIN, Place { relay: 0, number: 0 }, last.clone());
            let reading = tokio::spawn(read_all(relay));
            Farewell { tasks: relays.part(), messages }.wait().await;
            assert!(reading.is_finished());
            assert_eq!(reading.await.unwrap(), last);
        });
    }
}
