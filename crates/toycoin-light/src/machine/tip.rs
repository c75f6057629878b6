//! The tip: whose claim is followed, and how it is proved.
//!
//! ```text
//!   a server claims more work than our tip has
//!     ├─ a few headers ahead ─ GHDR ─▶ headers that attach to ours, judged one by one
//!     └─ else, or they don't attach ─ GPRF ─▶ a proof, from a header that we have proved before if it is an ancestor
//! ```
//!
//! A claim costs nothing, so it decides only whom to ask. Who is silent rests, and the next one is asked after a
//! second already. What holds and has the most work is the tip, whoever sent it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use toycoin_core::{BlockHash, ChainParams, Header, proof::WorkProof};
use toycoin_wire::{
    NodeMessage,
    machine::Monotonic,
    node::{GetHeaders, GetProof},
};

use super::{
    io::{Event, Server, Tip},
    kind::Kind,
    net::Net,
    window::{Extended, Window},
};
use crate::{Challenge, ProvedTip, Start, limits, verify};

/// The proved chain as far as it is kept, and the questions about it.
#[derive(Debug)]
pub(super) struct TipKeeper {
    pub(super) window: Window,
    /// The last proof's tip, to which old blocks are tied.
    pub(super) proved: Option<ProvedTip>,
    slices: u16,
    /// What the servers were asked to prove.
    challenges: BTreeMap<Server, Challenge>,
    /// Who was asked for a proof of the tip that we have.
    renewing: Option<Server>,
    /// The number of questions for tips.
    turn: u64,
}

/// What an answer changed for the other parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    /// The highest block that surely stayed.
    pub(super) fork: u64,
}

impl TipKeeper {
    pub(super) fn new(params: ChainParams, slices: u16) -> Self {
        Self {
            window: Window::at_genesis(params),
            proved: None,
            slices,
            challenges: BTreeMap::new(),
            renewing: None,
            turn: 0,
        }
    }

    pub(super) fn tip(&self) -> Tip {
        self.window.tip()
    }

    /// Asks whoever claims more work than the tip has.
    pub(super) fn act(&mut self, net: &mut Net) {
        let now = net.now.monotonic;
        self.challenges.retain(|server, _| net.servers.may_answer(server, Kind::Tip, now));
        self.renewing.take_if(|server| !net.servers.is_asked(server, Kind::Tip));
        let (waiting, latest) = net.servers.waiting(Kind::Tip);
        let may_ask = match latest {
            None => true,
            Some(at) => waiting < limits::TIP_QUESTIONS && now >= at + limits::HEDGE,
        };
        if may_ask && let Some(server) = self.best_claim(net) {
            self.turn += 1;
            self.ask(net, server);
        }
    }

    /// Returns whether nobody claims more work than the tip has, or nobody who does can be asked now.
    pub(super) fn is_settled(&self, net: &Net) -> bool {
        net.servers.waiting(Kind::Tip).0 == 0 && self.best_claim(net).is_none()
    }

    /// Returns when another server is to be asked, though some still have time.
    pub(super) fn next_timeout(&self, net: &Net) -> Option<Monotonic> {
        let (waiting, latest) = net.servers.waiting(Kind::Tip);
        let is_room = waiting < limits::TIP_QUESTIONS && self.best_claim(net).is_some();
        latest.filter(|_| is_room).map(|at| at + limits::HEDGE)
    }

    /// Returns a free server that claims more work than our tip has: by turns the one with the greatest claim, and the
    /// one that was not asked for longest. Claims cost nothing, so who always claims most would else be asked for ever.
    fn best_claim(&self, net: &Net) -> Option<Server> {
        let work = self.tip().work;
        let claims =
            net.servers.free(Kind::Tip, net.now.monotonic).filter_map(|(at, known)| Some((at, known, known.claim?)));
        let ahead = claims.filter(|(_, _, claim)| claim.work > work);
        let chosen = if self.turn.is_multiple_of(2) {
            ahead.max_by_key(|(server, _, claim)| (claim.work, Reverse(**server)))
        } else {
            ahead.min_by_key(|(server, known, _)| (known.asked_tip(), **server))
        };
        chosen.map(|(server, ..)| *server)
    }

    fn ask(&mut self, net: &mut Net, server: Server) {
        let Some(known) = net.servers.get(&server) else { return };
        let ahead = known.claim.map_or(0, |claim| claim.height.saturating_sub(self.tip().header.height));
        if !known.needs_proof && ahead <= limits::HEADERS_AHEAD {
            let request = GetHeaders { locator: self.window.locator(), stop: BlockHash::ZERO };
            return net.ask(server, Kind::Tip, &NodeMessage::GetHeaders(request));
        }
        // the lowest header that we have: a reorganisation rarely goes below it
        let first = self.window.first();
        let start = (first.header.height > 0 && !known.from_genesis).then(|| self.start_at(&first));
        let slices = known.slices.unwrap_or(self.slices);
        let challenge = Challenge { seed: net.draw_seed(), slices, start };
        let request = GetProof {
            tip: BlockHash::ZERO,
            seed: challenge.seed,
            slices: challenge.slices,
            start: challenge.start.as_ref().map_or(BlockHash::ZERO, |start| start.hash),
        };
        self.challenges.insert(server, challenge);
        net.ask(server, Kind::Tip, &NodeMessage::GetProof(request));
    }

    fn start_at(&self, tip: &Tip) -> Start {
        let own_work = tip.header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        Start { height: tip.header.height, hash: tip.hash, work: tip.work, own_work }
    }

    /// Handles headers of a server: an answer, or the header of a block that was published.
    pub(super) fn on_headers(
        &mut self,
        net: &mut Net,
        server: Server,
        headers: &[Header],
        is_answer: bool,
    ) -> Option<Moved> {
        let extended = self.window.extend(headers, net.now.unix_ms);
        let now = net.now.monotonic;
        if is_answer && self.renewing.take_if(|at| *at == server).is_some() && self.needs_proof() {
            net.servers.failed(&server, Kind::Tip, now);
        }
        match extended {
            Extended::Moved { fork } => {
                // who publishes blocks, but does not answer, is no better for it
                if is_answer {
                    net.servers.was_useful(&server, Kind::Tip);
                }
                self.note_move(net);
                return Some(Moved { fork });
            }
            Extended::Broken(error) => net.mute(server, format!("a header breaks a rule: {error}")),
            Extended::Deferred if is_answer => net.servers.failed(&server, Kind::Tip, now),
            Extended::Unattached | Extended::NotBetter if is_answer => {
                let work = self.tip().work;
                let known = net.servers.get_mut(&server)?;
                let is_ahead = known.claim.is_some_and(|claim| claim.work > work);
                let is_second = known.needs_proof;
                known.needs_proof = true;
                // it claims more than it shows: it rests, and its claim is not believed until it is made again
                if is_ahead && is_second {
                    known.claim = None;
                    net.servers.failed(&server, Kind::Tip, now);
                }
            }
            _ => {}
        }
        None
    }

    /// Handles a proof that a server was asked for, perhaps some time ago.
    pub(super) fn on_proof(&mut self, net: &mut Net, server: Server, proof: &WorkProof) -> Option<Moved> {
        let challenge = self.challenges.remove(&server)?;
        let proved = match verify(&net.params, proof, &challenge, net.now.unix_ms) {
            Ok(proved) => proved,
            Err(error) if error.is_deferred() => {
                net.servers.failed(&server, Kind::Tip, net.now.monotonic);
                return None;
            }
            Err(error) => {
                net.mute(server, format!("a proof does not hold: {error}"));
                return None;
            }
        };
        let (tip, work) = (self.tip(), proved.work());
        if let Some(known) = net.servers.get_mut(&server) {
            (known.needs_proof, known.from_genesis) = (false, false);
            let claims_more = known.claim.is_some_and(|claim| claim.work > work.max(tip.work));
            // who was asked for our tip may well have a better one
            let is_renewal = self.renewing.take_if(|at| *at == server).is_some();
            known.claim = known.claim.filter(|claim| is_renewal || claim.work <= work);
            if claims_more && work <= tip.work && !is_renewal {
                net.servers.failed(&server, Kind::Tip, net.now.monotonic);
            }
        }
        if work <= tip.work {
            // old blocks can be tied to any proved header of our chain
            if self.window.holds(proved.height(), &proved.hash()) {
                self.proved = Some(proved);
            }
            if self.needs_proof() {
                net.servers.failed(&server, Kind::Tip, net.now.monotonic);
            }
            return None;
        }
        net.servers.was_useful(&server, Kind::Tip);
        let fork = self.common(&proved, challenge.start.as_ref());
        self.window = Window::of(net.params.clone(), &proved);
        self.proved = Some(proved);
        self.note_move(net);
        Some(Moved { fork })
    }

    /// Returns the highest block that our chain and a proved one surely have in common.
    fn common(&self, proved: &ProvedTip, start: Option<&Start>) -> u64 {
        let shared = proved.headers().rev().find(|header| self.window.holds(header.height(), &header.hash()));
        let start = start.filter(|start| self.window.holds(start.height, &start.hash));
        shared.map(|header| header.height()).or(start.map(|start| start.height)).unwrap_or(0)
    }

    /// Returns whether a server may still prove its tip.
    pub(super) fn is_proving(&self, server: &Server) -> bool {
        self.challenges.contains_key(server)
    }

    /// Handles that a server does not know the header from which its proof was to begin, or that its proof would not
    /// fit a message: then it names the tip that it claims. Whatever else it names belongs to another question.
    pub(super) fn on_not_found(&mut self, net: &mut Net, server: Server, hashes: &[[u8; 32]]) {
        let Some(challenge) = self.challenges.get(&server).copied() else { return };
        let Some(known) = net.servers.get_mut(&server) else { return };
        let lacks_start = challenge.start.is_some_and(|start| hashes.contains(&start.hash.to_bytes()));
        let is_too_long = known.claim.is_some_and(|claim| hashes.contains(&claim.tip.to_bytes()));
        if lacks_start {
            known.from_genesis = true;
        } else if is_too_long && challenge.slices > limits::LEAST_SLICES {
            // with fewer slices a proof proves less, so a server does not get any number
            known.slices = Some((challenge.slices / 2).max(limits::LEAST_SLICES));
        } else if !is_too_long {
            return;
        }
        self.challenges.remove(&server);
        if lacks_start && !net.servers.is_asked(&server, Kind::Blocks) {
            net.servers.answered(&server, Kind::Tip);
        } else {
            // it may have meant blocks or filters, and then its proof is still on its way
            net.servers.is_late(&server, Kind::Tip, net.now.monotonic);
        }
    }

    /// Returns whether a proof is needed to tie blocks below the window to the tip: there is none, or its tip has been
    /// undone.
    pub(super) fn needs_proof(&self) -> bool {
        self.proved.as_ref().is_none_or(|proved| !self.window.holds(proved.header().height, &proved.hash()))
    }

    /// Asks for a proof of the tip that we have, to tie old blocks to it.
    pub(super) fn renew(&mut self, net: &mut Net) {
        let work = self.tip().work;
        if self.renewing.is_some() || net.servers.waiting(Kind::Tip).0 >= limits::TIP_QUESTIONS {
            return;
        }
        let claims = net.servers.iter().filter_map(|(server, known)| Some((*server, known.claim?)));
        let fit: BTreeSet<_> = claims.filter(|(_, claim)| claim.work >= work).map(|(server, _)| server).collect();
        let Some(server) = net.pick(Kind::Tip, &BTreeSet::new(), |server| fit.contains(server)) else { return };
        let slices = net.servers.get(&server).and_then(|known| known.slices).unwrap_or(self.slices);
        let challenge = Challenge { seed: net.draw_seed(), slices, start: None };
        self.renewing = Some(server);
        let request =
            GetProof { tip: self.tip().hash, seed: challenge.seed, slices: challenge.slices, start: BlockHash::ZERO };
        self.challenges.insert(server, challenge);
        net.ask(server, Kind::Tip, &NodeMessage::GetProof(request));
    }

    fn note_move(&mut self, net: &mut Net) {
        net.emit(Event::Tip(self.tip()));
    }
}
