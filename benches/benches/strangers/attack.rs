//! What strangers send, and how.

use std::{
    error::Error,
    io::Write as _,
    thread,
    time::{Duration, Instant},
};

use toycoin_core::{BlockHash, Transaction};
use toycoin_wire::{NodeId, NodeMessage, node::GetHeaders};

use crate::{
    client::{Client, DEADLINE, frame},
    scene::Scene,
    victim::Victim,
};

/// Time between two bursts of questions.
const BURST_PACE: Duration = Duration::from_secs(1);
/// Most time at the end in which strangers are silent, so that the row contains the answers to all that they sent.
const CALM: Duration = Duration::from_secs(5);

/// Orphans that are sent before the node has looked at them: far less than the relay's queue holds.
const ORPHANS_AT_ONCE: usize = 20;

/// How much strangers send.
pub(crate) struct Amounts {
    pub(crate) headers: usize,
    pub(crate) transactions: usize,
    pub(crate) blocks: usize,
    pub(crate) orphans: usize,
    pub(crate) bad: usize,
}

/// A stranger, or a hundred of them.
pub(crate) enum Attack {
    /// Nobody.
    None,
    /// One stranger asks all of this at once, and again each second.
    Questions(Client, Vec<u8>, u64),
    /// Each of them, behind an id of its own, sends a transaction whose last signature is bad. If there is a parent, it
    /// comes last, from yet another stranger.
    Transactions(Vec<(Client, Vec<u8>)>, Option<(Client, Vec<u8>)>),
}

/// What strangers did.
pub(crate) struct Done {
    /// Messages that they sent.
    pub(crate) messages: u64,
    /// Transactions that the node refused for a rule, and said so.
    pub(crate) refused: usize,
}

impl Attack {
    pub(crate) fn headers(victim: &Victim, node: NodeId, count: usize) -> Result<Self, Box<dyn Error>> {
        let question = NodeMessage::GetHeaders(GetHeaders { locator: Vec::new(), stop: BlockHash::ZERO });
        Self::questions(victim, node, &question, count)
    }

    pub(crate) fn coinbase(victim: &Victim, node: NodeId, scene: &Scene, count: usize) -> Result<Self, Box<dyn Error>> {
        let ids = vec![scene.coinbase; toycoin_wire::limits::MAX_GET_TRANSACTIONS];
        Self::questions(victim, node, &NodeMessage::GetTransactions(ids), count)
    }

    pub(crate) fn blocks(victim: &Victim, node: NodeId, scene: &Scene, count: usize) -> Result<Self, Box<dyn Error>> {
        Self::questions(victim, node, &NodeMessage::GetBlocks(scene.large.clone()), count)
    }

    fn questions(victim: &Victim, node: NodeId, question: &NodeMessage, count: usize) -> Result<Self, Box<dyn Error>> {
        let burst = frame(Some(node), question)?.repeat(count);
        Ok(Self::Questions(Client::join(victim.address)?, burst, count as u64))
    }

    /// `parent` is sent too, after all orphans have been looked at.
    pub(crate) fn transactions(
        victim: &Victim,
        node: NodeId,
        bad: Vec<Transaction>,
        parent: Option<&Transaction>,
    ) -> Result<Self, Box<dyn Error>> {
        let stranger = |transaction: Transaction| -> Result<_, Box<dyn Error>> {
            let frame = frame(Some(node), &NodeMessage::Transaction(transaction))?;
            Ok((Client::join(victim.address)?, frame))
        };
        let strangers = bad.into_iter().map(stranger).collect::<Result<_, _>>()?;
        Ok(Self::Transactions(strangers, parent.cloned().map(stranger).transpose()?))
    }

    /// Sends it all until shortly before `end`. Waits until `end` for refusals, and for all of them if `waits_for_all`.
    pub(crate) fn run(self, end: Instant, waits_for_all: bool) -> Result<Done, Box<dyn Error>> {
        match self {
            Self::None => Ok(Done { messages: 0, refused: 0 }),
            Self::Questions(mut client, burst, count) => {
                let mut writer = client.writer()?;
                let reader = thread::spawn(move || client.discard(end));
                let mut due = Instant::now();
                let last = due + (end - due).saturating_sub(CALM);
                let mut messages = 0;
                loop {
                    writer.write_all(&burst)?;
                    messages += count;
                    due += BURST_PACE;
                    if due > last {
                        break;
                    }
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                }
                reader.join().map_err(|_| "a reader panicked")??;
                Ok(Done { messages, refused: 0 })
            }
            Self::Transactions(mut strangers, mut parent) => {
                let mut messages = strangers.len() as u64;
                // whoever closes a connection with unread bytes may lose what it wrote, so all stay until the end
                if let Some((client, frame)) = &mut parent {
                    for strangers in strangers.chunks_mut(ORPHANS_AT_ONCE) {
                        send_orphans(strangers)?;
                    }
                    client.write(frame)?;
                    messages += 1;
                } else {
                    for (client, frame) in &mut strangers {
                        client.write(frame)?;
                    }
                }
                let end = if waits_for_all { Instant::now() + DEADLINE } else { end };
                let refusal = |_, message: &NodeMessage| matches!(message, NodeMessage::Reject(_)).then_some(());
                let mut refused = 0;
                for (stranger, _) in &mut strangers {
                    refused += usize::from(stranger.wait(end, refusal)?.is_some());
                }
                Ok(Done { messages, refused })
            }
        }
    }
}

/// Sends orphans, and waits until the node has looked at each: then it asks for the parent.
fn send_orphans(strangers: &mut [(Client, Vec<u8>)]) -> Result<(), Box<dyn Error>> {
    for (client, frame) in &mut *strangers {
        client.write(frame)?;
    }
    let asked = |_, message: &NodeMessage| matches!(message, NodeMessage::GetTransactions(_)).then_some(());
    let deadline = Instant::now() + DEADLINE;
    for (stranger, _) in strangers {
        stranger.wait(deadline, asked)?.ok_or("an orphan was not looked at")?;
    }
    Ok(())
}
