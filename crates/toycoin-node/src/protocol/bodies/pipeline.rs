//! The request window of a relay connection, in blocks and bytes.
//!
//! The relay queues 8 MiB per connection, and drops deliveries beyond that. So the requested blocks stay within 4 MiB,
//! estimated from recent blocks. The number of blocks grows only while they arrive as fast as the first one. On a link
//! with a long delay it doubles with each round trip. On a slow link, where each block waits for those before it, it
//! stays small.

use std::{collections::VecDeque, time::Duration};

use toycoin_wire::limits::MAX_BLOCK_PAYLOAD;

use crate::{limits, machine::Monotonic};

/// The request window of one connection.
#[derive(Debug)]
pub(in crate::protocol) struct Pipeline {
    /// Most blocks that may be outstanding.
    window: usize,
    /// Window size up to which the window grows with each block. Above it, it grows by one per window.
    threshold: usize,
    /// Blocks that arrived since the window last grew.
    came: usize,
    /// Time of the last shrinking. Blocks that were requested earlier say nothing about the present window.
    shrunk: Monotonic,
    /// Failed trials of newcomers in a row.
    vain_trials: u32,
    trials_from: Monotonic,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            window: limits::FIRST_BLOCKS_A_CONNECTION,
            threshold: usize::MAX,
            came: 0,
            shrunk: Monotonic::ORIGIN,
            vain_trials: 0,
            trials_from: Monotonic::ORIGIN,
        }
    }
}

impl Pipeline {
    /// Returns how many blocks of about `size` bytes may be outstanding.
    pub(super) fn room(&self, size: u64) -> usize {
        let by_bytes = usize::try_from(limits::BYTES_A_CONNECTION / size.max(1)).unwrap_or(usize::MAX);
        self.window.min(by_bytes).max(1)
    }

    /// Records a block that arrived. `least` is about the shortest time of its sender's blocks, `queued` is the time
    /// that this one took beyond that.
    pub(super) fn delivered(&mut self, asked: Monotonic, now: Monotonic, least: Duration, queued: Duration) {
        if asked < self.shrunk {
            return;
        }
        if least + queued > limits::SLOW_BLOCK {
            self.shrink_to(1, now);
        } else if queued > least + limits::MAX_QUEUE_DELAY {
            self.shrink_to(self.window / 2, now);
        } else if queued <= least / 2 + limits::QUEUE_DELAY {
            self.came += 1;
            let is_due = self.window < self.threshold || self.came >= self.window;
            if is_due && self.window < limits::BLOCKS_A_CONNECTION {
                self.window += 1;
                self.came = 0;
            }
        }
    }

    /// Records that the relay dropped deliveries. From now on one block is requested at a time.
    pub(in crate::protocol) fn lagged(&mut self, now: Monotonic) {
        self.shrink_to(1, now);
    }

    fn shrink_to(&mut self, window: usize, now: Monotonic) {
        self.threshold = (self.window / 2).max(2);
        self.window = window.max(1);
        self.came = 0;
        self.shrunk = now;
    }

    /// Returns whether newcomers may be tried beside the peers that deliver.
    pub(super) fn may_try(&self, now: Monotonic) -> bool {
        self.trials_from <= now
    }

    /// Records the result of a newcomer's trial. All newcomers share one backoff, since ids cost nothing.
    pub(super) fn tried(&mut self, now: Monotonic, delivered: bool) {
        self.vain_trials = if delivered { 0 } else { self.vain_trials.saturating_add(1) };
        if !delivered && self.vain_trials > limits::FREE_TRIALS {
            let doublings = (self.vain_trials - limits::FREE_TRIALS - 1).min(6);
            self.trials_from = now + limits::TRIAL_REST * (1 << doublings);
        }
    }
}

/// The sizes of recent blocks on the wire.
#[derive(Debug, Default)]
pub(super) struct Sizes(VecDeque<u64>);

impl Sizes {
    /// Records a block's size by formula.
    pub(super) fn note(&mut self, size: u64) {
        // the encoding is up to 8 % longer, and the envelope adds to it
        self.0.push_back(size + size / 12 + 200);
        if self.0.len() > limits::SIZES {
            self.0.pop_front();
        }
    }

    /// Returns the estimated size of an unknown block: twice the largest of the recent ones.
    pub(super) fn estimate(&self) -> u64 {
        let most = MAX_BLOCK_PAYLOAD as u64;
        self.0.iter().max().map_or(most, |largest| (2 * largest).min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const NOW: Monotonic = Monotonic::ORIGIN;

    fn grown() -> Pipeline {
        let mut pipeline = Pipeline::default();
        for _ in 0..limits::BLOCKS_A_CONNECTION {
            pipeline.delivered(NOW, NOW, MS * 100, MS * 20);
        }
        pipeline
    }

    #[test]
    fn blocks_of_unknown_size_fit_the_queue_three_at_a_time() {
        let sizes = Sizes::default();
        assert_eq!((sizes.estimate(), grown().room(sizes.estimate())), (5 << 18, 3));
    }

    #[test]
    fn one_large_block_is_remembered_for_a_while() {
        let mut sizes = Sizes::default();
        sizes.note(1_000_000);
        assert_eq!(sizes.estimate(), 5 << 18);
        for _ in 0..limits::SIZES {
            sizes.note(600);
        }
        assert!((1_200..2_000).contains(&sizes.estimate()), "{}", sizes.estimate());
        assert_eq!(grown().room(sizes.estimate()), limits::BLOCKS_A_CONNECTION);
    }

    #[test]
    fn a_slow_link_and_a_lagging_one_carry_one_block_at_a_time() {
        let mut slow = grown();
        slow.delivered(NOW, NOW, limits::SLOW_BLOCK, MS);
        assert_eq!(slow.room(600), 1);
        let mut lagging = grown();
        lagging.lagged(NOW + MS);
        assert_eq!(lagging.room(600), 1);
        lagging.delivered(NOW, NOW + MS, MS * 100, MS);
        assert_eq!(lagging.room(600), 1, "what was asked for before says nothing");
        lagging.delivered(NOW + MS, NOW + MS * 2, MS * 100, MS);
        assert_eq!(lagging.room(600), 2);
    }

    #[test]
    fn a_queue_that_grows_halves_the_window() {
        let mut pipeline = grown();
        pipeline.delivered(NOW, NOW + MS, MS * 100, MS * 500);
        assert_eq!(pipeline.room(600), limits::BLOCKS_A_CONNECTION, "a little is normal");
        pipeline.delivered(NOW, NOW + MS, MS * 100, limits::MAX_QUEUE_DELAY + MS * 101);
        assert_eq!(pipeline.room(600), limits::BLOCKS_A_CONNECTION / 2);
    }

    #[test]
    fn vain_trials_of_newcomers_are_ever_farther_apart() {
        let mut pipeline = Pipeline::default();
        for _ in 0..limits::FREE_TRIALS {
            pipeline.tried(NOW, false);
        }
        assert!(pipeline.may_try(NOW));
        pipeline.tried(NOW, false);
        pipeline.tried(NOW, false);
        assert!(!pipeline.may_try(NOW + limits::TRIAL_REST) && pipeline.may_try(NOW + limits::TRIAL_REST * 2));
        pipeline.tried(NOW, true);
        pipeline.tried(NOW, false);
        assert!(pipeline.may_try(NOW + limits::TRIAL_REST * 2));
    }
}
