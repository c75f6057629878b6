//! The moves of the tip: one block is connected at a time, and each move is followed to its end before the next.

use std::sync::Arc;

use toycoin_core::{
    chain::{Advance, Moved},
    store::ChainStore,
};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{Event, NodeMachine, announce, bodies::BodySync, following::Following},
};

/// What the chain still has to do.
#[derive(Debug)]
pub(super) struct Connecting {
    /// Whether the chain may have more to do.
    pub(super) is_busy: bool,
    /// The last move of the tip, until it has been followed.
    following: Option<Following>,
    /// Bodies that wait for others before they are connected.
    gathering: Option<Gathering>,
}

/// Bodies that wait for others, to be connected together.
#[derive(Debug)]
struct Gathering {
    until: Monotonic,
    bodies: usize,
}

impl Connecting {
    /// Returns the state at the start: the store may hold bodies that were never connected.
    pub(super) const fn at_start() -> Self {
        Self { is_busy: true, following: None, gathering: None }
    }

    /// Returns whether there is more to do at once.
    pub(super) const fn has_more(&self) -> bool {
        self.is_busy && self.gathering.is_none() || self.following.is_some()
    }

    /// Returns whether the last move of the tip is not followed to its end.
    pub(super) const fn is_following(&self) -> bool {
        self.following.is_some()
    }

    pub(super) const fn is_gathering(&self) -> bool {
        self.gathering.is_some()
    }

    /// Returns when the bodies that wait for others are connected.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.gathering.as_ref().map(|gathering| gathering.until)
    }

    /// Records that a body arrived. If the chain has nothing else to connect, this body may wait for others.
    pub(super) fn gather(&mut self, now: Monotonic) {
        match &mut self.gathering {
            Some(gathering) => gathering.bodies += 1,
            None if !self.is_busy => {
                self.gathering = Some(Gathering { until: now + limits::GATHER_TIME, bodies: 1 });
            }
            None => {}
        }
    }

    /// Returns whether arrived bodies wait for others, because verifying their signatures together costs less.
    ///
    /// They wait only while `more_come`, during initial block download (IBD), for a bounded time and number. Then all
    /// of them are connected.
    fn gathers(&mut self, more_come: bool, now: Monotonic) -> bool {
        let wait = |gathering: &Gathering| now < gathering.until && gathering.bodies < limits::GATHERED_BLOCKS;
        if !self.gathering.as_ref().is_some_and(wait) || !more_come {
            self.gathering = None;
        }
        self.gathering.is_some()
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Follows the last move of the tip, and then connects at most one block.
    pub(super) fn connect(&mut self) {
        self.follow();
        if self.connecting.is_following() {
            return;
        }
        let now = self.net.now.monotonic;
        let more_come = self.bodies.in_flight() > 0 && self.bodies.is_far_behind(&self.chain, now);
        if !self.connecting.gathers(more_come, now) {
            self.advance();
        }
    }

    /// Does one piece of work on the chain, if there is any.
    fn advance(&mut self) {
        if !self.connecting.is_busy {
            return;
        }
        match self.chain.advance() {
            Ok(Advance::Idle) => self.connecting.is_busy = false,
            Ok(Advance::Working) => tracing::trace!("a step of a reorganisation, or a look at the store"),
            Ok(Advance::Moved(moved)) => {
                let (behind, now) = (BodySync::behind(&self.chain), self.net.now.monotonic);
                let is_on_its_way = self.durability.may_wait(behind, now < self.bodies.catching_up_until());
                // a move that is not durable must not be announced
                if is_on_its_way || self.durability.make_durable(&mut self.net, &mut self.chain) {
                    self.on_moved(moved, is_on_its_way);
                }
            }
            Ok(Advance::Invalid { hash, error }) => {
                let sender = self.waiting.take_sender(&hash);
                self.refuse(sender, hash, &error);
            }
            Err(error) => self.net.halt(&error.to_string()),
        }
    }

    /// Begins to follow a move of the tip. It is announced unless the node `is_on_its_way` to a tip that others know.
    fn on_moved(&mut self, moved: Moved, is_on_its_way: bool) {
        let tip = self.chain.tip();
        tracing::debug!(name: "tip_changed", height = tip.height, hash = %tip.hash);
        if !is_on_its_way {
            self.announce_tip();
        }
        self.bodies.request(&mut self.net, &self.chain);
        self.connecting.following = Some(Following::of(moved));
        self.follow();
    }

    /// Announces the tip of a node that was on its way to a better one, when the next block does not come. Else a peer
    /// that withholds a block would keep what is below it from others.
    pub(super) fn end_catching_up(&mut self) {
        let (behind, now) = (BodySync::behind(&self.chain), self.net.now.monotonic);
        let until = self.durability.waits_until(self.bodies.catching_up_until());
        if until.is_some_and(|until| until <= now)
            && !self.durability.may_wait(behind, false)
            && self.durability.make_durable(&mut self.net, &mut self.chain)
        {
            self.announce_tip();
        }
    }

    fn announce_tip(&mut self) {
        let tip = self.chain.tip();
        announce::plan_announcements(&mut self.net, &tip.hash);
        if !self.waiting.is_own(&tip.hash) {
            announce::gossip_tip(&mut self.net, &self.chain);
        }
    }

    /// Follows the last move one step further, if it is not done.
    fn follow(&mut self) {
        let mut bytes = 0;
        while bytes < limits::FOLLOWED_BYTES && !self.net.halted {
            let Some(mut following) = self.connecting.following.take() else { return };
            let Self { net, chain, transactions, waiting, .. } = self;
            match following.step(net, chain, transactions, waiting) {
                Ok(Some(more)) => {
                    bytes += more;
                    self.connecting.following = Some(following);
                }
                Ok(None) => self.end_move(&following),
                Err(error) => self.net.halt(&error),
            }
        }
    }

    /// Follows the last move to its end, however many bytes that takes.
    pub(super) fn follow_to_the_end(&mut self) {
        while !self.net.halted && self.connecting.is_following() {
            self.follow();
        }
    }

    /// Ends a move that was followed.
    fn end_move(&mut self, following: &Following) {
        let Self { net, chain, transactions, .. } = self;
        let left = following.left();
        if let Err(error) = transactions.settle(left > 0, net, chain) {
            return net.halt(&error.to_string());
        }
        let reorg = following.reorg(chain, transactions.pool()).map(Arc::new);
        net.emit(Event::TipChanged { tip: chain.tip(), reorg });
        transactions.check_waits(net, chain);
        if left > 0 {
            transactions.keep_returned(net, chain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_gather_while_more_come_for_a_bounded_time() {
        let (mut connecting, start) = (Connecting::at_start(), Monotonic::ORIGIN);
        connecting.gather(start);
        assert!(!connecting.is_gathering(), "there is work anyway");
        connecting.is_busy = false;
        connecting.gather(start);
        let until = connecting.next_timeout().expect("bodies gather");
        assert!(connecting.gathers(true, start) && !connecting.gathers(true, until));
        connecting.gather(start);
        assert!(!connecting.gathers(false, start), "nothing more comes");
        for _ in 0..limits::GATHERED_BLOCKS {
            connecting.gather(start);
        }
        assert!(!connecting.gathers(true, start), "these are enough");
    }
}
