//! What the program shows while the node runs.

use std::{error::Error, time::Duration};

use tokio::sync::broadcast::{Receiver, error::RecvError};
use toycoin_examples::{
    catching_up::CatchingUp, columns::wrap, joining::reach_relay, look::Look, meshing::first_peer, present,
    status_line::StatusLine, view::View,
};
use toycoin_node::{NodeHandle, peering::PeerAddress, protocol::Event};

/// How often the node is asked for its state.
const LOOKS: Duration = Duration::from_millis(100);

/// Number of looks after which the line about the present is made anew.
const LOOKS_PER_STATUS: u32 = 10;

/// The rows and notes, and below them the progress of catching up or the present state.
#[derive(Debug)]
pub(crate) struct Show<'a> {
    node: &'a NodeHandle,
    view: View,
    progress: CatchingUp,
    status: StatusLine,
    /// Hashes per second, as last measured.
    hash_rate: Option<u64>,
    /// The named peers of a node with a mesh, until it has its first peer.
    mesh: Option<Vec<PeerAddress>>,
}

impl<'a> Show<'a> {
    pub(crate) fn new(node: &'a NodeHandle, view: View, look: Look) -> Self {
        Self { node, view, progress: CatchingUp::default(), status: StatusLine::new(look), hash_rate: None, mesh: None }
    }

    /// Shows the first peer of a node's mesh, too.
    pub(crate) fn with_mesh(mut self, named: Vec<PeerAddress>) -> Self {
        self.mesh = Some(named);
        self
    }

    /// Shows a node's events until its tip reaches a height.
    pub(crate) async fn until(
        mut self,
        mut events: Receiver<Event>,
        height: Option<u64>,
    ) -> Result<(), Box<dyn Error>> {
        let is_there = |at| height.is_some_and(|until| at >= until);
        if is_there(self.node.status().await?.tip.height) {
            return Ok(());
        }
        // a relay that is lost later is dialled again, but one that was never reached is a mistake
        reach_relay(self.node).await??;
        let mut meets = self.mesh.is_some();
        let mut meeting = Box::pin(first_peer(self.node.clone(), self.mesh.take().unwrap_or_default()));
        let mut looks = tokio::time::interval(LOOKS);
        let mut looked = 0;
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                _ = looks.tick() => {
                    if looked % LOOKS_PER_STATUS == 0 || self.progress.is_on() {
                        self.look().await?;
                    }
                    looked += 1;
                    continue;
                }
                met = &mut meeting, if meets => {
                    meets = false;
                    self.print(&wrap("  ", &met?));
                    continue;
                }
                report = self.view.report() => {
                    self.print(&report);
                    continue;
                }
            };
            match event {
                Ok(event) => {
                    self.happened(&event).await?;
                    if let Event::TipChanged { tip, .. } = event
                        && is_there(tip.height)
                    {
                        return Ok(());
                    }
                }
                Err(RecvError::Lagged(count)) => {
                    let lines = self.view.missed(count, self.node).await?;
                    if !self.progress.is_on() {
                        self.print(&lines);
                    }
                    if is_there(self.node.status().await?.tip.height) {
                        return Ok(());
                    }
                }
                // the node reports the reason at the next request
                Err(RecvError::Closed) => return Ok(()),
            }
        }
    }

    /// Shows an event, unless it is one of very many.
    async fn happened(&mut self, event: &Event) -> Result<(), Box<dyn Error>> {
        if let Event::HashRate { per_second } = event {
            self.hash_rate = Some(*per_second);
        }
        if let Event::BlockConnected { block, .. } = event {
            self.progress.reached(self.node, block.height()).await?;
            if self.progress.hides(block.height()) {
                self.view.pass_over(event);
                return Ok(());
            }
        }
        let lines = self.view.tell(event, self.node).await?;
        self.print(&lines);
        Ok(())
    }

    /// Shows the progress of catching up, or the present state of a node that has caught up.
    async fn look(&mut self) -> Result<(), Box<dyn Error>> {
        self.progress.look(self.node).await?;
        if self.progress.is_on() {
            self.status.clear();
        } else {
            self.status.show(&present::said(&self.node.status().await?, self.hash_rate));
        }
        Ok(())
    }

    fn print(&self, lines: &[String]) {
        if self.progress.is_on() {
            lines.iter().for_each(|line| self.progress.say(line));
        } else {
            self.status.print(lines);
        }
    }
}
