//! Relays that lie: what they do with messages between nodes.

use std::time::Duration;

use toycoin_wire::node::NodeMessage;

/// What a lying relay does with a message on its way to one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// The message arrives.
    Pass,
    /// It never arrives.
    Drop,
    /// It arrives later by this time, and others overtake it.
    Delay(Duration),
    /// These messages arrive in its place, in the sender's name.
    Instead(Vec<NodeMessage>),
}

/// A relay that lies. The relay's own machine stays honest; the tactic decides for each message and each receiver.
///
/// ```
/// use toycoin_sim::{Passage, RelayTactic};
/// use toycoin_wire::node::NodeMessage;
///
/// /// Node 0 hears of no block.
/// #[derive(Debug)]
/// struct Blinds;
///
/// impl RelayTactic for Blinds {
///     fn deliver(&mut self, _: Option<usize>, to: usize, message: &NodeMessage) -> Passage {
///         let is_block = matches!(message, NodeMessage::Block(_) | NodeMessage::CompactBlock(_));
///         if is_block && to == 0 { Passage::Drop } else { Passage::Pass }
///     }
/// }
/// ```
pub trait RelayTactic: std::fmt::Debug {
    /// Decides about a message to the node `to`; `from` is the sender, `None` if no node has used its id.
    fn deliver(&mut self, from: Option<usize>, to: usize, message: &NodeMessage) -> Passage;
}
