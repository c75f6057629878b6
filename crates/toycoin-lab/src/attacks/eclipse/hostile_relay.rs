//! The hostile relay.

use toycoin_sim::{Passage, RelayTactic};
use toycoin_wire::node::NodeMessage;

/// A relay that parts a victim from everybody except the attacker.
///
/// The attacker's own node is an ordinary one. The relay lets it hear no block of others, so that it mines a branch of
/// its own, and lets nobody but the victim hear that branch.
#[derive(Debug, Clone, Copy)]
pub(super) struct HostileRelay {
    pub(super) attacker: usize,
    pub(super) victim: usize,
}

impl RelayTactic for HostileRelay {
    fn deliver(&mut self, from: Option<usize>, to: usize, message: &NodeMessage) -> Passage {
        let (is_attackers, is_victims) = (from == Some(self.attacker), from == Some(self.victim));
        let passes = if to == self.victim {
            is_attackers
        } else if to == self.attacker {
            is_victims && is_question(message)
        } else {
            !is_attackers
        };
        if passes { Passage::Pass } else { Passage::Drop }
    }
}

/// Returns whether a message asks for something and brings no block. A status that claims nothing asks for another one.
fn is_question(message: &NodeMessage) -> bool {
    match message {
        NodeMessage::Status(status) => status.height == 0,
        NodeMessage::GetHeaders(_)
        | NodeMessage::GetBlocks(_)
        | NodeMessage::GetBlockTransactions(_)
        | NodeMessage::GetProof(_)
        | NodeMessage::GetAncestors(_)
        | NodeMessage::GetReceipts(_)
        | NodeMessage::GetFilters(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use toycoin_sim::{Passage, RelayTactic};
    use toycoin_wire::node::NodeMessage;

    use super::HostileRelay;

    #[test]
    fn the_victim_hears_the_attacker_alone() {
        let mut relay = HostileRelay { attacker: 1, victim: 2 };
        let (news, question) = (NodeMessage::Headers(Vec::new()), NodeMessage::GetBlocks(Vec::new()));
        let mut passes = |from, to, message| relay.deliver(from, to, message) == Passage::Pass;

        assert!(passes(Some(1), 2, &news) && !passes(Some(0), 2, &news) && !passes(None, 2, &news));
        assert!(passes(Some(2), 1, &question) && !passes(Some(2), 1, &news) && !passes(Some(0), 1, &question));
        assert!(!passes(Some(1), 0, &news) && passes(Some(2), 0, &news) && passes(Some(0), 3, &news));
    }
}
