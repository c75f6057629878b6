//! Adversaries that answer requests badly.

use toycoin_core::Amount;
use toycoin_wire::{NodeId, node::NodeMessage};

use crate::adversary::{Heard, Said, Scene, Tactic};

/// Answers requests for headers, but never for blocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct StallsAfterHeaders;

impl Tactic for StallsAfterHeaders {
    fn incoming(&mut self, _: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        match message {
            NodeMessage::GetBlocks(_) | NodeMessage::GetBlockTransactions(_) => Heard::Instead(Vec::new()),
            _ => Heard::Pass,
        }
    }
}

/// Answers every request for blocks or transactions with "not found" (NOTF).
#[derive(Debug, Clone, Copy, Default)]
pub struct AnswersNotFound;

impl Tactic for AnswersNotFound {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        let missing = match message {
            NodeMessage::GetBlocks(hashes) => hashes.iter().map(|hash| hash.to_bytes()).collect(),
            NodeMessage::GetBlockTransactions(request) => vec![request.block.to_bytes()],
            NodeMessage::GetTransactions(txids) => txids.iter().map(|txid| txid.to_bytes()).collect(),
            _ => return Heard::Pass,
        };
        Heard::Instead(vec![(Some(from), NodeMessage::NotFound(missing))])
    }
}

/// Publishes and answers altered bodies, compact blocks and payments of blocks, all under valid headers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mutates;

impl Tactic for Mutates {
    fn outgoing(&mut self, (to, message): Said, _: &mut Scene<'_>) -> Vec<Said> {
        let mut message = message;
        let outputs = match &mut message {
            NodeMessage::Block(block) => Some(&mut block.coinbase.outputs),
            NodeMessage::CompactBlock(block) => Some(&mut block.coinbase.outputs),
            NodeMessage::BlockTransactions(answer) => {
                answer.transactions.first_mut().map(|payment| &mut payment.outputs)
            }
            _ => None,
        };
        if let Some(output) = outputs.and_then(|outputs| outputs.first_mut()) {
            output.value = output.value.saturating_add(Amount::from_grains(1));
        }
        vec![(to, message)]
    }
}

/// Omits some kinds of messages, which is more often a bug than an attack.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent {
    /// Whether it requests no headers and no blocks.
    pub never_asks: bool,
    /// Whether it announces no transactions.
    pub no_transactions: bool,
}

impl Tactic for Silent {
    fn outgoing(&mut self, said: Said, _: &mut Scene<'_>) -> Vec<Said> {
        let kept = match said.1 {
            NodeMessage::GetHeaders(_) | NodeMessage::GetBlocks(_) | NodeMessage::GetBlockTransactions(_) => {
                !self.never_asks
            }
            NodeMessage::Transaction(_) => !self.no_transactions,
            _ => true,
        };
        if kept { vec![said] } else { Vec::new() }
    }
}
