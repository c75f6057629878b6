//! A node program that is to be killed, and what it was doing when it was.

use std::{
    path::Path,
    process::Command,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Instant,
};

use crate::common::{self, DEADLINE, Running, path_of, start};

/// A running node program.
pub(crate) struct Victim {
    child: Running,
    lines: Receiver<String>,
    seen: Seen,
}

/// What a node showed of itself.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// It has begun to open its chain.
    pub(crate) opening: bool,
    /// It answers.
    pub(crate) ready: bool,
    /// Heights of the tip since then, the latest last.
    pub(crate) tips: Vec<u64>,
    /// It has begun to move to another branch, and is not there.
    pub(crate) reorganising: bool,
    /// The blocks that it printed: height, and a part of the hash.
    pub(crate) blocks: Vec<(u64, String)>,
    /// It had ended by itself.
    pub(crate) ended: bool,
}

impl Seen {
    fn take(&mut self, line: &str) {
        if line.contains("opening the chain") {
            self.opening = true;
        } else if line.contains(" on regtest, at height ") {
            self.ready = true;
        } else if line.contains("a step of a reorganisation") {
            self.reorganising = true;
        } else if let Some((_, height)) = line.split_once("height=").filter(|_| line.contains("hash=")) {
            self.reorganising = false;
            self.tips.extend(height.split_whitespace().next().and_then(|height| height.parse::<u64>().ok()));
        } else if let Some((height, hash)) = common::row(line) {
            self.blocks.push((height, hash));
        }
    }
}

impl Victim {
    /// Starts a node with a chain in a directory.
    pub(crate) fn start(data: &Path, relay: &str, more: &[&str]) -> Self {
        let mut command = Command::new(path_of("node"));
        command.args(["--network", "regtest", "--threads", "1", "--relay", relay, "--data"]).arg(data).args(more);
        command.env("RUST_LOG", "warn,toycoin_node::store=debug,toycoin_node::protocol=trace");
        let (child, lines) = start(command);
        Self { child, lines, seen: Seen::default() }
    }

    /// Waits until it shows something, or ends.
    pub(crate) fn wait_for(&mut self, shown: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !shown(&self.seen) {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.take(&line),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("it showed no more than {:?}", self.seen),
            }
        }
    }

    /// Ends it at once, and returns all that it had shown.
    pub(crate) fn kill(mut self) -> Seen {
        self.seen.ended = self.child.0.try_wait().expect("it was started here").is_some();
        self.child.0.kill().expect("it runs or has ended");
        self.child.0.wait().expect("it was started here");
        self.listen_to_the_end()
    }

    /// Tells it to end, and waits until it has done so well.
    pub(crate) fn terminate(mut self) -> Seen {
        let pid = self.child.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("there is kill").success());
        assert!(self.child.0.wait().expect("it was started here").success());
        self.listen_to_the_end()
    }

    fn listen_to_the_end(mut self) -> Seen {
        // both outputs have closed
        while let Ok(line) = self.lines.recv() {
            self.seen.take(&line);
        }
        self.seen
    }
}
