//! Progress of a node during initial block download: a bar on a terminal, otherwise a line from time to time.

use std::{
    collections::VecDeque,
    error::Error,
    fmt,
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use toycoin_core::HumanDuration;
use toycoin_node::{NodeHandle, protocol::Status};

use crate::{output::has_bars, print_line};

/// A node that is more than this many blocks behind is catching up; fewer blocks are shown one by one.
const BEHIND: u64 = 100;
/// Time over which the speed is averaged.
const WINDOW: Duration = Duration::from_secs(5);
/// Time without a new block after which a node stops catching up, because nobody sends the bodies of the headers.
const STALL: Duration = Duration::from_secs(10);
/// Shortest time between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// Template of a bar whose message is a [`Pace`].
pub const BAR: &str = "{bar:16} {pos} of {len}, {msg}";

/// Shows how a node catches up, from when it falls far behind until it reaches the best height.
#[derive(Debug)]
pub struct CatchingUp {
    on_terminal: bool,
    run: Option<Run>,
    /// Height up to which blocks arrived during catching up, although their events may come later.
    shown_to: u64,
    /// Height at which nobody sent the next block. A new run begins only after many more blocks have come. Headers
    /// alone, whose bodies somebody withholds, must not hide what happens.
    stalled_at: Option<u64>,
}

/// One period of catching up.
#[derive(Debug)]
struct Run {
    bar: ProgressBar,
    begun: Instant,
    from: u64,
    target: u64,
    pace: Pace,
    said_at: Instant,
    /// Greatest height, and when the node reached it.
    highest: (u64, Instant),
}

impl Default for CatchingUp {
    fn default() -> Self {
        let on_terminal = io::stdout().is_terminal() && has_bars();
        Self { on_terminal, run: None, shown_to: 0, stalled_at: None }
    }
}

impl CatchingUp {
    /// Returns whether the node was catching up when it was last asked.
    pub const fn is_on(&self) -> bool {
        self.run.is_some()
    }

    /// Returns whether the block at this height belongs to those that are not shown one by one.
    pub fn hides(&mut self, height: u64) -> bool {
        if self.run.is_none() && height > self.shown_to {
            self.shown_to = 0;
        }
        self.run.is_some() || height <= self.shown_to
    }

    /// Asks the node for its progress, if that may have changed at this height, and shows it.
    ///
    /// # Errors
    /// If the node has stopped or the bar cannot be made.
    pub async fn reached(&mut self, node: &NodeHandle, height: u64) -> Result<(), Box<dyn Error>> {
        if self.run.as_ref().is_none_or(|run| height >= run.target) { self.look(node).await } else { Ok(()) }
    }

    /// Asks the node for its progress, and shows it.
    ///
    /// # Errors
    /// If the node has stopped or the bar cannot be made.
    pub async fn look(&mut self, node: &NodeHandle) -> Result<(), Box<dyn Error>> {
        let status = node.status().await?;
        if let Some(line) = self.show(&status, Instant::now())? {
            self.say(line);
        }
        Ok(())
    }

    /// Prints a line, above the bar if there is one.
    pub fn say(&self, line: impl fmt::Display) {
        match &self.run {
            Some(run) => run.bar.suspend(|| print_line(line)),
            None => print_line(line),
        }
    }

    /// Updates the bar, or returns the line to print if there is no bar.
    fn show(&mut self, status: &Status, now: Instant) -> Result<Option<String>, Box<dyn Error>> {
        let (height, target, peers) = (status.tip.height, status.best_height, status.peers);
        let begins = self.run.is_none();
        let behind = target.saturating_sub(height);
        if begins && behind <= BEHIND {
            self.stalled_at = None;
            return Ok(None);
        }
        if begins && self.stalled_at.is_some_and(|stalled| height < stalled + BEHIND) {
            return Ok(None);
        }
        let on_terminal = self.on_terminal;
        let run = match &mut self.run {
            Some(run) => run,
            none => none.insert(Run::new(on_terminal, height, now)?),
        };
        run.target = target;
        if height >= target {
            let (blocks, time) = (height.saturating_sub(run.from), now.duration_since(run.begun).as_secs_f64());
            run.bar.finish_and_clear();
            (self.run, self.shown_to) = (None, height);
            let speed = blocks as f64 / time.max(1e-3);
            return Ok(Some(format!(
                "caught up at height {height}: {blocks} blocks in {time:.1} s, {speed:.0} blocks/s"
            )));
        }
        if height > run.highest.0 {
            run.highest = (height, now);
        } else if now.duration_since(run.highest.1) >= STALL {
            run.bar.finish_and_clear();
            (self.run, self.shown_to, self.stalled_at) = (None, height, Some(height));
            let waited = HumanDuration::from(STALL);
            return Ok(Some(format!(
                "not catching up: at height {height}, and nobody sent the {behind} blocks up to {target} for {waited}"
            )));
        }
        let how_fast = run.pace.tell(height, target, peers, now);
        if on_terminal {
            run.bar.set_length(target);
            run.bar.set_position(height);
            run.bar.set_message(how_fast);
            return Ok(None);
        }
        if !begins && now.duration_since(run.said_at) < BETWEEN_LINES {
            return Ok(None);
        }
        run.said_at = now;
        Ok(Some(format!("catching up: height {height} of {target}, {how_fast}")))
    }
}

impl Drop for CatchingUp {
    fn drop(&mut self) {
        if let Some(run) = &self.run {
            run.bar.finish_and_clear();
        }
    }
}

impl Run {
    fn new(on_terminal: bool, from: u64, now: Instant) -> Result<Self, Box<dyn Error>> {
        let bar = if on_terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template(&format!("catching up {BAR}"))?);
        Ok(Self { bar, begun: now, from, target: 0, pace: Pace::default(), said_at: now, highest: (from, now) })
    }
}

/// Speed at which a node catches up, from its heights in the last seconds.
#[derive(Debug, Default)]
pub struct Pace {
    /// Heights with the times at which they were seen, the oldest first.
    heights: VecDeque<(Instant, u64)>,
}

impl Pace {
    /// Records the current height, and returns speed, remaining time and number of peers in words.
    pub fn tell(&mut self, height: u64, target: u64, peers: usize, now: Instant) -> String {
        self.heights.push_back((now, height));
        while self.heights.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.heights.pop_front();
        }
        let peers = format!("{peers} {}", if peers == 1 { "peer" } else { "peers" });
        let (since, before) = self.heights.front().copied().unwrap_or((now, height));
        let time = now.duration_since(since).as_secs_f64();
        let speed = height.saturating_sub(before) as f64 / time.max(1e-3);
        if speed < 0.1 {
            return peers;
        }
        let left = target.saturating_sub(height) as f64 / speed;
        let left = if left < 120.0 { format!("{left:.0} s") } else { format!("{:.0} min", left / 60.0) };
        format!("{speed:.0} blocks/s, {left} left, {peers}")
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, ChainParams};
    use toycoin_node::protocol::Claims;

    use super::*;

    fn without_a_terminal() -> CatchingUp {
        CatchingUp { on_terminal: false, run: None, shown_to: 0, stalled_at: None }
    }

    fn status(height: u64, best_height: u64) -> Status {
        let mut tip = Chain::in_memory(ChainParams::regtest()).tip();
        tip.height = height;
        let (held_headers, mempool, mempool_bytes, connections, peers) = (0, 0, 0, 1, 3);
        let (claims, search, clock, assumed) = (Claims::default(), None, None, None);
        Status {
            tip,
            best_height,
            held_headers,
            mempool,
            mempool_bytes,
            connections,
            peers,
            claims,
            search,
            clock,
            assumed,
            first_block: 0,
        }
    }

    #[test]
    fn says_height_speed_remaining_time_and_peers_until_it_is_there() {
        let mut progress = without_a_terminal();
        let begun = Instant::now();
        let mut show = |seconds, height| {
            let line = progress.show(&status(height, 20_000), begun + Duration::from_secs(seconds));
            (line.expect("a template that is right"), progress.hides(height), progress.hides(20_001))
        };
        assert_eq!(show(0, 19_900), (None, false, false));
        assert_eq!(show(0, 0), (Some("catching up: height 0 of 20000, 3 peers".into()), true, true));
        assert_eq!(show(1, 3_000), (None, true, true));
        let line = "catching up: height 6000 of 20000, 3000 blocks/s, 5 s left, 3 peers";
        assert_eq!(show(2, 6_000), (Some(line.into()), true, true));
        let line = "caught up at height 20000: 20000 blocks in 8.0 s, 2500 blocks/s";
        assert_eq!(show(8, 20_000), (Some(line.into()), true, false));
        assert_eq!(show(9, 20_000), (None, false, false));
    }

    #[test]
    fn headers_without_blocks_end_the_run_and_hide_nothing() {
        let mut progress = without_a_terminal();
        let begun = Instant::now();
        let mut show = |seconds, height, best| {
            let line = progress.show(&status(height, best), begun + Duration::from_secs(seconds)).expect("a template");
            (line, progress.hides(height + 1))
        };
        assert_eq!(show(0, 7, 500), (Some("catching up: height 7 of 500, 3 peers".into()), true));
        assert!(show(9, 7, 500).1);
        let line = "not catching up: at height 7, and nobody sent the 493 blocks up to 500 for 10 s";
        assert_eq!(show(10, 7, 500), (Some(line.into()), false));
        for height in 8..107 {
            assert_eq!(show(height, height, 600), (None, false), "its own blocks are shown one by one");
        }
        assert!(show(200, 107, 600).1, "many came after all");
    }

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut progress = without_a_terminal();
        let begun = Instant::now();
        for second in 0..60 {
            let height = if second < 30 { 100 * second } else { 3_000 + 10 * (second - 30) };
            progress.show(&status(height, 20_000), begun + Duration::from_secs(second)).expect("a line or none");
        }
        let line = progress.show(&status(3_300, 20_000), begun + Duration::from_secs(60)).expect("no error");
        assert!(line.is_some_and(|line| line.contains(" 10 blocks/s, 28 min left")));
    }
}
