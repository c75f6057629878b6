//! A node of a simulated network, which is asked on the simulation's thread.

use toycoin_node::protocol::{Request, Response};

use crate::reader::Down;

/// A node of a simulated network.
#[derive(Debug, Clone)]
pub struct SimulatedNode {}

impl SimulatedNode {
    pub(crate) async fn request(&self, _: Request) -> Result<Response, Down> {
        Err(Down)
    }
}
