//! What happens to a node besides blocks, in words.

use toycoin_core::HumanDuration;
use toycoin_node::protocol::Event;

use crate::{block_row::short, lines::Kind, words};

/// Returns the words for an event that does not concern the chain's blocks, and their kind; `None` if it is of no
/// interest.
pub fn trouble(event: &Event) -> Option<(Kind, String)> {
    let (kind, line) = match event {
        Event::TransactionDropped { txid, reason } => {
            ("dropped payments", format!("payment {} dropped: {reason}", short(txid)))
        }
        Event::BlockRejected { hash, reason, .. } => {
            ("rejected blocks", format!("block {} rejected: {reason}", short(hash)))
        }
        Event::PeerMuted { id, reason } => ("muted peers", format!("peer {id} muted: {reason}")),
        Event::RelayConnected { .. } => ("connections to the relay", "connected to the relay".into()),
        Event::RelayDisconnected { .. } => ("losses of the relay", "lost the relay, trying again".into()),
        Event::ClockOff(warning) => ("clock warnings", format!("warning: {warning}")),
        Event::MiningWaits { wait } => {
            let wait = HumanDuration::from(*wait);
            let line = format!(
                "mining waits {wait}: the chain's times are too far ahead of this clock; check that it is right"
            );
            ("waits of the miner", line)
        }
        Event::Lagged { count } => {
            ("messages about a slow connection", format!("the relay dropped {}", words::count(*count, "message")))
        }
        _ => return None,
    };
    Some((Kind::Other(kind), line))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_wait_for_the_clock_is_told_in_human_units() {
        let (_, line) = trouble(&Event::MiningWaits { wait: Duration::from_secs(252) }).unwrap();
        assert!(line.starts_with("mining waits 4 min 12 s: "), "{line}");
    }
}
