//! Honest users of the node: one asks for headers, one pays. Each does one thing after the other, at a steady pace.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use toycoin_core::{BlockHash, Transaction};
use toycoin_wire::{NodeId, NodeMessage, node::GetHeaders};

use crate::{
    client::{Client, DEADLINE},
    victim::Victim,
};

/// Time between two questions.
const QUESTION_PACE: Duration = Duration::from_millis(20);
/// Time after which a question without an answer is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Time between two payments.
const PAYMENT_PACE: Duration = Duration::from_millis(100);
/// Time after which the node is asked again whether it has a payment.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What became of what an honest user sent.
pub(crate) struct Outcome {
    pub(crate) sent: usize,
    /// Times from when each was due until its answer, or until the mempool had it, in milliseconds.
    pub(crate) latencies: Vec<f64>,
    /// The most processor time that the node took while one question waited, where the system tells.
    pub(crate) most_cpu_time: Option<Duration>,
    /// Whether all answers came under one id: a node that leaves its relay comes back under another.
    pub(crate) stayed: bool,
}

impl Outcome {
    const fn new() -> Self {
        Self { sent: 0, latencies: Vec::new(), most_cpu_time: None, stayed: true }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.latencies.len() == self.sent
    }
}

/// Asks for one header after the other until `end`.
///
/// Questions that were due while the node kept one waiting are asked as soon as it has answered. Their latency runs
/// from when they were due.
pub(crate) fn ask(
    mut client: Client,
    victim: &Victim,
    node: NodeId,
    hashes: &[BlockHash],
    end: Instant,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::new();
    let (mut due, mut to) = (Instant::now(), Some(node));
    for pair in hashes.windows(2).cycle() {
        if due >= end {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        outcome.sent += 1;
        let &[parent, stop] = pair else { continue };
        let question = NodeMessage::GetHeaders(GetHeaders { locator: vec![parent], stop });
        let gives_up = Instant::now() + DEADLINE;
        let before = victim.cpu_time();
        let answer = loop {
            client.publish(to, &question)?;
            let answer = client.wait(Instant::now() + ASK_AGAIN, |from, message| match message {
                // an answer to an earlier question has another parent
                NodeMessage::Headers(headers) if headers.len() == 1 && headers[0].previous == parent => Some(from),
                _ => None,
            })?;
            if answer.is_some() || Instant::now() > gives_up {
                break answer;
            }
            // the node may have another id by now
            to = None;
        };
        let Some(from) = answer else { break };
        outcome.latencies.push(due.elapsed().as_secs_f64() * 1e3);
        let cpu_time = victim.cpu_time().zip(before).map(|(after, before)| after.saturating_sub(before));
        outcome.most_cpu_time = outcome.most_cpu_time.max(cpu_time);
        outcome.stayed &= from == node;
        to = Some(from);
        due += QUESTION_PACE;
    }
    Ok(outcome)
}

/// Publishes one payment after the other until `end`, and asks for each until the node's mempool has it.
pub(crate) fn pay(mut client: Client, node: NodeId, payments: &[Transaction], end: Instant) -> io::Result<Outcome> {
    let mut outcome = Outcome::new();
    let mut due = Instant::now();
    for payment in payments {
        if due >= end {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        client.publish(None, &NodeMessage::Transaction(payment.clone()))?;
        outcome.sent += 1;
        let txid = payment.txid();
        let gives_up = Instant::now() + DEADLINE;
        while Instant::now() < gives_up {
            client.publish(Some(node), &NodeMessage::GetTransactions(vec![txid]))?;
            let is_there = client.wait(Instant::now() + ASK_AGAIN, |_, message| match message {
                NodeMessage::Transaction(transaction) => (transaction == payment).then_some(true),
                NodeMessage::NotFound(ids) => ids.contains(&txid.to_bytes()).then_some(false),
                _ => None,
            })?;
            if is_there == Some(true) {
                outcome.latencies.push(due.elapsed().as_secs_f64() * 1e3);
                break;
            }
            thread::sleep(LOOK_AGAIN);
        }
        due += PAYMENT_PACE;
    }
    Ok(outcome)
}
