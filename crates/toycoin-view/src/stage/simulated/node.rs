//! A node of a simulated network, which is asked on the simulation's thread.

use tokio::sync::{mpsc, oneshot};
use toycoin_node::protocol::{Request, Response};

use super::driver::Errand;
use crate::reader::Down;

/// A node of a simulated network; cheap to clone.
#[derive(Debug, Clone)]
pub struct SimulatedNode {
    pub(super) node: usize,
    pub(super) errands: mpsc::Sender<Errand>,
}

impl SimulatedNode {
    /// Makes a request to the node. Questions change nothing.
    pub(crate) async fn request(&self, request: Request) -> Result<Response, Down> {
        let (reply, answer) = oneshot::channel();
        let errand = Errand::Ask { node: self.node, request, reply };
        self.errands.send(errand).await.map_err(|_| Down)?;
        answer.await.ok().flatten().ok_or(Down)
    }
}
