//! The relay that censors.

use toycoin_sim::{Passage, RelayTactic};
use toycoin_wire::node::NodeMessage;

/// A relay that drops the payments which one node sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct SilentRelay {
    pub(super) payer: usize,
}

impl RelayTactic for SilentRelay {
    fn deliver(&mut self, from: Option<usize>, _: usize, message: &NodeMessage) -> Passage {
        let is_censored = from == Some(self.payer) && matches!(message, NodeMessage::Transaction(_));
        if is_censored { Passage::Drop } else { Passage::Pass }
    }
}
