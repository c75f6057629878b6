//! Whose block a node with a tactic searches for: the machine's, or that of the tactic's private chain.

use std::{collections::VecDeque, convert::Infallible};

use toycoin_core::{Block, chain::ChainError};
use toycoin_node::protocol::{JobId, MiningJob, Output};

use crate::adversary::PrivateChain;

/// First id of a job of a private chain; a machine counts its own from 1.
const FIRST_JOB: u64 = 1 << 63;

/// Returns whether a job is one of a private chain.
pub(crate) const fn is_private(job: JobId) -> bool {
    job.0 >= FIRST_JOB
}

/// What a node with a tactic searches for.
#[derive(Debug)]
pub(super) struct PrivateSearch {
    next_id: u64,
    /// The search for a block of the private chain.
    own: Option<Own>,
    /// What the machine inside wants to be searched for.
    machine: Option<MiningJob>,
}

#[derive(Debug)]
struct Own {
    id: JobId,
    block: Block,
    generation: u64,
}

impl PrivateSearch {
    pub(super) const fn new() -> Self {
        Self { next_id: FIRST_JOB, own: None, machine: None }
    }

    /// Notes what the machine inside wants, and returns the output if that is to be searched for.
    pub(super) fn machine_wants(&mut self, output: Output) -> Option<Output> {
        match &output {
            Output::Mine(job) => self.machine = Some(*job),
            Output::StopMining => self.machine = None,
            _ => {}
        }
        self.own.is_none().then_some(output)
    }

    /// Follows the private chain, or its absence.
    pub(super) fn follow(&mut self, private: Option<&mut PrivateChain>, unix_ms: u64, outputs: &mut VecDeque<Output>) {
        let Some(private) = private else {
            if self.own.take().is_some() {
                outputs.push_back(self.machine.map_or(Output::StopMining, Output::Mine));
            }
            return;
        };
        let generation = private.generation();
        let is_current = |own: &Own| own.generation == generation && own.block.header.previous == private.tip().hash;
        if self.own.as_ref().is_some_and(is_current) {
            return;
        }
        match private.template(unix_ms) {
            Ok(block) => {
                let id = JobId(self.next_id);
                self.next_id += 1;
                let header = block.header;
                self.own = Some(Own { id, block, generation });
                outputs.push_back(Output::Mine(MiningJob { id, header }));
            }
            Err(_) => outputs.extend(self.own.take().map(|_| Output::StopMining)),
        }
    }

    /// Forgets the template of the private chain's next block, so that [`follow`](Self::follow) makes it anew. Returns
    /// whether there was one.
    pub(super) fn forget(&mut self) -> bool {
        self.own.as_mut().map(|own| own.generation = u64::MAX).is_some()
    }

    /// Completes a block that was found and extends the private chain with it; `None` if the job is over.
    pub(super) fn found(
        &mut self,
        job: JobId,
        nonce: u64,
        private: Option<&mut PrivateChain>,
    ) -> Option<Result<Block, ChainError<Infallible>>> {
        let mut block = self.own.take_if(|own| own.id == job)?.block;
        block.header.nonce = nonce;
        Some(private?.extend(block.clone()).map(|()| block))
    }
}
