//! The servers: what each claims, what it was asked, and how it did.

use std::{collections::BTreeMap, time::Duration};

use toycoin_core::{BlockHash, Work};
use toycoin_wire::{Tag, machine::Monotonic};

use super::io::Server;
use crate::limits;

/// What a question is about. A server has at most one question of each kind at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Headers above our tip, or a proof of another tip.
    Tip,
    Filters,
    Blocks,
    Ancestors,
    /// A receipt, or the proof that goes with it.
    Receipt,
    /// The manifest of a snapshot.
    Manifest,
    /// Chunks of a snapshot, several at a time.
    Chunks,
}

impl Kind {
    /// Returns what a question with a tag may be about.
    pub(super) const fn of(question: Tag) -> &'static [Self] {
        match question {
            Tag::GHDR => &[Self::Tip],
            Tag::GPRF => &[Self::Tip, Self::Receipt],
            Tag::GFIL => &[Self::Filters],
            Tag::GBLK => &[Self::Blocks],
            Tag::GANC => &[Self::Ancestors, Self::Receipt],
            Tag::GTXP => &[Self::Receipt],
            Tag::GSNP => &[Self::Manifest],
            Tag::GCHK => &[Self::Chunks],
            _ => &[],
        }
    }

    /// Returns the longest time that an answer may take.
    const fn patience(self) -> Duration {
        match self {
            Self::Chunks => limits::CHUNK_PATIENCE,
            _ => limits::PATIENCE,
        }
    }
}

/// What a server's status says. It is a number that a stranger chose, and decides only whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) tip: BlockHash,
    pub(super) height: u64,
    pub(super) work: Work,
}

/// A server that was heard of.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) claim: Option<Claim>,
    /// Whether its tip has to be proved, since its headers did not attach to ours.
    pub(super) needs_proof: bool,
    /// Whether the proof has to begin at genesis, since our headers are not its ancestors.
    pub(super) from_genesis: bool,
    /// The slices that it can prove within a message, if those that we would like were too many.
    pub(super) slices: Option<u16>,
    asked: BTreeMap<Kind, Monotonic>,
    /// What it did not answer in time, and until when that may still come.
    late: BTreeMap<Kind, Monotonic>,
    /// When it was asked for its tip last.
    asked_tip: Monotonic,
    rests: BTreeMap<Kind, Rest>,
    heard: Monotonic,
}

/// How often a server failed at a kind of question since it was last of use, and until when it rests from that. Who is
/// good at one thing may be bad at another: a full node that publishes blocks need not serve filters.
#[derive(Debug, Clone, Copy, Default)]
struct Rest {
    failures: u32,
    until: Monotonic,
}

/// All servers, and those that are muted.
#[derive(Debug, Default)]
pub(super) struct Servers {
    known: BTreeMap<Server, Known>,
    muted: BTreeMap<Server, Monotonic>,
}

impl Servers {
    /// Notes that a server was heard. Returns whether it is heard at all: a muted one is not.
    pub(super) fn hear(&mut self, server: Server, now: Monotonic) -> bool {
        if self.is_muted(&server, now) {
            return false;
        }
        if !self.known.contains_key(&server) && self.known.len() >= limits::SERVERS {
            let idle = self.known.iter().filter(|(_, known)| known.asked.is_empty());
            let Some(oldest) = idle.min_by_key(|(server, known)| (known.heard, **server)).map(|(at, _)| *at) else {
                return false;
            };
            self.known.remove(&oldest);
        }
        let new = Known {
            claim: None,
            needs_proof: false,
            from_genesis: false,
            slices: None,
            asked: BTreeMap::new(),
            late: BTreeMap::new(),
            asked_tip: Monotonic::ORIGIN,
            rests: BTreeMap::new(),
            heard: now,
        };
        self.known.entry(server).or_insert(new).heard = now;
        true
    }

    /// Forgets a server that is gone. What it was asked fails.
    pub(super) fn forget(&mut self, server: &Server) -> Vec<Kind> {
        self.known.remove(server).map(|known| known.asked.into_keys().collect()).unwrap_or_default()
    }

    /// Returns the servers on a connection.
    pub(super) fn on(&self, connection: u64) -> Vec<Server> {
        self.known.keys().filter(|server| server.connection == connection).copied().collect()
    }

    /// Mutes a server, and forgets it.
    pub(super) fn mute(&mut self, server: Server, now: Monotonic) {
        self.known.remove(&server);
        self.muted.retain(|_, until| *until > now);
        while self.muted.len() >= limits::SERVERS {
            let Some(first) = self.muted.iter().min_by_key(|(_, until)| **until).map(|(at, _)| *at) else { break };
            self.muted.remove(&first);
        }
        self.muted.insert(server, now + limits::MUTE);
    }

    pub(super) fn is_muted(&self, server: &Server, now: Monotonic) -> bool {
        self.muted.get(server).is_some_and(|until| *until > now)
    }

    pub(super) fn get(&self, server: &Server) -> Option<&Known> {
        self.known.get(server)
    }

    pub(super) fn get_mut(&mut self, server: &Server) -> Option<&mut Known> {
        self.known.get_mut(server)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Server, &Known)> {
        self.known.iter()
    }

    /// Notes a question, or that a part of its answer came: then it has its time again.
    pub(super) fn ask(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            known.asked.insert(kind, now);
            if kind == Kind::Tip {
                known.asked_tip = now;
            }
        }
    }

    /// Notes an answer. Returns false unless there was such a question, so that what nobody asked for is ignored.
    ///
    /// An answer alone earns nothing: [`was_useful`](Self::was_useful) says that it was right.
    pub(super) fn answered(&mut self, server: &Server, kind: Kind) -> bool {
        let Some(known) = self.known.get_mut(server) else { return false };
        let was_asked = known.asked.remove(&kind).is_some();
        if was_asked && matches!(kind, Kind::Manifest | Kind::Chunks) {
            known.rests.remove(&kind);
        }
        was_asked
    }

    /// Notes an answer that comes after its time. Returns false unless one was expected.
    pub(super) fn answered_late(&mut self, server: &Server, kind: Kind, now: Monotonic) -> bool {
        let late = self.known.get_mut(server).and_then(|known| known.late.remove(&kind));
        late.is_some_and(|until| until > now)
    }

    /// Notes that a server's answer to a question of a kind was right and of use.
    pub(super) fn was_useful(&mut self, server: &Server, kind: Kind) {
        if let Some(known) = self.known.get_mut(server) {
            known.rests.remove(&kind);
        }
    }

    /// Notes that a server did not answer in time. It may do so later.
    pub(super) fn is_late(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        self.failed(server, kind, now);
        if let Some(known) = self.known.get_mut(server) {
            known.late.insert(kind, now + limits::LATE);
        }
    }

    /// Notes that a server did not answer, or not with what was asked. It is asked nothing of that kind for a time.
    pub(super) fn failed(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            known.asked.remove(&kind);
        }
        self.was_useless(server, kind, now);
    }

    /// Notes that a server answered for another tip. It may be one block behind, so it is asked again soon.
    pub(super) fn is_elsewhere(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            known.asked.remove(&kind);
            known.rests.entry(kind).or_default().until = now + limits::FIRST_REST;
        }
    }

    /// Notes that an earlier answer of a server turned out to be of no use. What it is asked now goes on.
    pub(super) fn was_useless(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            let rest = known.rests.entry(kind).or_default();
            rest.until = now + limits::FIRST_REST.saturating_mul(1 << rest.failures.min(16)).min(limits::MAX_REST);
            rest.failures = rest.failures.saturating_add(1);
        }
    }

    /// Returns the questions whose time is over.
    pub(super) fn overdue(&self, now: Monotonic) -> Vec<(Server, Kind)> {
        let questions = self.known.iter().flat_map(|(server, known)| known.asked.iter().map(move |a| (*server, a)));
        let late = questions.filter(|(_, (kind, at))| now >= **at + kind.patience());
        late.map(|(server, (kind, _))| (server, *kind)).collect()
    }

    /// Returns the questions of a kind that wait for an answer, and since when the latest does.
    pub(super) fn waiting(&self, kind: Kind) -> (usize, Option<Monotonic>) {
        let times: Vec<_> = self.known.values().filter_map(|known| known.asked.get(&kind).copied()).collect();
        (times.len(), times.into_iter().max())
    }

    /// Returns the servers that may be asked a question of a kind. A server proves one thing at a time, and nothing while
    /// a late answer of that kind may come.
    pub(super) fn free(&self, kind: Kind, now: Monotonic) -> impl Iterator<Item = (&Server, &Known)> {
        let other = match kind {
            Kind::Tip => Kind::Receipt,
            Kind::Receipt => Kind::Tip,
            other => other,
        };
        let is_free = move |known: &Known| [kind, other].iter().all(|kind| !known.is_busy(*kind, now));
        self.known.iter().filter(move |(_, known)| known.is_rested(kind, now) && is_free(known))
    }

    /// Returns whether a server is known and has rested from its last failure at a kind of question.
    pub(super) fn is_rested(&self, server: &Server, kind: Kind, now: Monotonic) -> bool {
        self.known.get(server).is_some_and(|known| known.is_rested(kind, now))
    }

    /// Returns whether a server has a question of a kind, or did not answer one in time.
    pub(super) fn may_answer(&self, server: &Server, kind: Kind, now: Monotonic) -> bool {
        self.known.get(server).is_some_and(|known| known.is_busy(kind, now))
    }

    /// Returns whether a server has a question of another kind.
    pub(super) fn has_other_than(&self, server: &Server, kind: Kind) -> bool {
        self.known.get(server).is_some_and(|known| known.asked.keys().any(|asked| *asked != kind))
    }

    /// Returns whether a server has a question of a kind.
    pub(super) fn is_asked(&self, server: &Server, kind: Kind) -> bool {
        self.known.get(server).is_some_and(|known| known.is_asked(kind))
    }

    /// Returns when something changes by itself: a question is over, or a server has rested.
    pub(super) fn next_timeout(&self, now: Monotonic) -> Option<Monotonic> {
        let overdue = self.known.values().flat_map(|known| known.asked.iter().map(|(kind, at)| *at + kind.patience()));
        let rests = self.known.values().flat_map(|known| known.rests.values());
        let rested = rests.map(|rest| rest.until).filter(|at| *at > now);
        let late = self.known.values().flat_map(|known| known.late.values().copied()).filter(|at| *at > now);
        overdue.chain(rested).chain(late).min()
    }
}

impl Known {
    /// Returns whether it has a question of a kind.
    pub(super) fn is_asked(&self, kind: Kind) -> bool {
        self.asked.contains_key(&kind)
    }

    /// Returns how often it failed at a kind of question since it was last of use.
    pub(super) fn failures(&self, kind: Kind) -> u32 {
        self.rests.get(&kind).map_or(0, |rest| rest.failures)
    }

    fn is_rested(&self, kind: Kind, now: Monotonic) -> bool {
        self.rests.get(&kind).is_none_or(|rest| rest.until <= now)
    }

    /// Returns when it was asked for its tip last.
    pub(super) const fn asked_tip(&self) -> Monotonic {
        self.asked_tip
    }

    /// Returns whether it has a question of a kind whose answer, in time or late, may come.
    fn is_busy(&self, kind: Kind, now: Monotonic) -> bool {
        // bodies, and what names its question, are told apart
        let is_told_apart = !matches!(kind, Kind::Tip | Kind::Receipt | Kind::Filters);
        let is_late = !is_told_apart && self.late.get(&kind).is_some_and(|until| *until > now);
        self.is_asked(kind) || is_late
    }
}
