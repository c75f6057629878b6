//! Joining a network: finding a relay, and catching up with the chain of the other nodes.
//!
//! Only what the node has verified counts: headers and blocks. Anybody can invent a claim about work. So a program
//! waits for a claim for a few seconds, but never believes it.

use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    time::Duration,
};

use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, MissedTickBehavior, interval},
};
use toycoin_core::HumanDuration;
use toycoin_node::{
    NodeHandle, RelayError,
    protocol::{ClockWarning, Event, Status},
};

use crate::{
    catching_up::{BAR, Pace},
    gave_up::GaveUp,
    lines::Lines,
    progress::Progress,
    tell,
    trouble::trouble,
    words::count,
};

/// Shortest time to listen to peers before a program has joined; an honest peer shows its chain within a round trip.
const HEARING: Duration = Duration::from_secs(1);
/// The same time at genesis, which other programs that join claim too, whatever the network's tip is.
const HEARING_AT_GENESIS: Duration = Duration::from_secs(5);
/// Longest time that unproven claims of more work delay a program once another peer's chain confirms its tip.
const DOUBT: Duration = Duration::from_secs(3);
/// The same time at genesis, where a peer that is itself new proves little.
const DOUBT_AT_GENESIS: Duration = Duration::from_secs(10);
/// A tip at most this many blocks below the best header counts as caught up, because new blocks come all the time.
const FEW: u64 = 6;
/// Multiple of the patience after which waiting for claims alone ends, whatever trickles in.
const PATIENCES: u32 = 3;
/// Interval at which the node is asked for its status.
const LOOKS: Duration = Duration::from_millis(100);

/// Waits until the node of a client, such as a wallet, is connected to a relay.
///
/// # Errors
/// [`GaveUp`] if no relay can be reached; or if the node has stopped.
pub async fn wait_for_relay(node: &NodeHandle) -> Result<(), Box<dyn Error>> {
    Ok(reach_relay(node).await?.map_err(GaveUp::new)?)
}

/// Waits until a node is connected to a relay. The inner error is the sentence of a program that cannot reach any.
///
/// # Errors
/// If the node has stopped.
pub async fn reach_relay(node: &NodeHandle) -> Result<Result<(), String>, RelayError> {
    match node.wait_for_relay().await {
        Err(RelayError::NoRelay { failures }) => {
            let reason = failures.join(", ");
            Ok(Err(format!("cannot reach a relay: {reason}; `cargo run --release --example relay` starts one")))
        }
        other => other.map(Ok),
    }
}

/// Waits until the node's tip is the best that peers have shown, and shows the progress on
/// standard error.
///
/// It warns on standard error if clocks differ. It gives up when nothing new was verified for `patience`.
///
/// # Errors
/// [`GaveUp`] if no relay can be reached, nobody answers, or peers do not prove what they claim; or if the node has
/// stopped.
pub async fn catch_up(node: &NodeHandle, patience: Duration) -> Result<(), Box<dyn Error>> {
    wait_for_relay(node).await?;
    let (mut progress, mut pace) = (Progress::new("catching up", BAR)?, Pace::default());
    let mut joining = Joining::new(patience, Instant::now());
    let mut warned = None;
    let mut looks = interval(LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let (status, now) = (node.status().await?, Instant::now());
        if let Some(warning) = status.clock.filter(|_| warned.is_none()) {
            progress.suspend(|| tell!("warning: {warning}"));
            warned = Some(warning);
        }
        let (height, best) = (status.tip.height, status.best_height);
        let how_fast = pace.tell(height, best, status.peers, now.into_std());
        progress.show(height, best, &how_fast, || format!("height {height} of {best}, {how_fast}"));
        match joining.look(&status, now) {
            Verdict::Wait => {}
            Verdict::There { doubted } => {
                drop(progress);
                if doubted > 0 {
                    let (peers, them) = if doubted == 1 { ("peer claims", "it") } else { ("peers claim", "them") };
                    tell!("note: {doubted} {peers} a longer chain and showed none of it; not waiting for {them}");
                }
                return Ok(());
            }
            Verdict::GiveUp(why) => {
                return Err(GaveUp::new(why.to_string()).into());
            }
        }
    }
}

/// Warns on standard error when clocks differ, or a relay is lost or found again. It is for programs that show no
/// events, and ends with the node.
pub async fn warn(mut events: Receiver<Event>) {
    let mut lines = Lines::default();
    loop {
        let trouble = match events.recv().await {
            Ok(event @ (Event::ClockOff(_) | Event::RelayDisconnected { .. } | Event::RelayConnected { .. })) => {
                trouble(&event)
            }
            Ok(_) | Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        if let Some(line) = trouble.and_then(|(kind, line)| lines.line(kind, line)) {
            tell!("{line}");
        }
    }
}

/// Progress of a program that joins, measured by what its node has verified.
#[derive(Debug)]
struct Joining {
    patience: Duration,
    begun: Instant,
    /// Greatest height, best header height and number of held-back headers so far.
    most: (u64, u64, usize),
    /// When one of these last grew.
    progressed: Instant,
    /// When the number of held-back headers last grew.
    held: Instant,
    /// Since when the tip has been at the best header, or only a few blocks behind it.
    at_rest: Option<Instant>,
    /// Since when, in addition, a peer's chain has been verified to be there too.
    in_company: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Wait,
    /// The node has caught up, although this many peers claim more work.
    There {
        doubted: usize,
    },
    GiveUp(Why),
}

/// Reason for giving up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Why {
    waited: Duration,
    height: u64,
    best: u64,
    ahead: usize,
    heard: usize,
    clock: Option<ClockWarning>,
}

impl Joining {
    const fn new(patience: Duration, now: Instant) -> Self {
        Self { patience, begun: now, most: (0, 0, 0), progressed: now, held: now, at_rest: None, in_company: None }
    }

    fn look(&mut self, status: &Status, now: Instant) -> Verdict {
        let (height, best, held) = (status.tip.height, status.best_height, status.held_headers);
        let most = (self.most.0.max(height), self.most.1.max(best), self.most.2.max(held));
        if most != self.most {
            self.progressed = now;
        }
        if most.2 > self.most.2 {
            self.held = now;
        }
        self.most = most;
        let claims = status.claims;
        if best.saturating_sub(height) > FEW {
            (self.at_rest, self.in_company) = (None, None);
        } else if claims.verified == 0 {
            self.in_company = None;
        }
        if height >= best {
            self.at_rest.get_or_insert(now);
            if claims.verified > 0 {
                self.in_company.get_or_insert(now);
            }
        }
        // at genesis, company may be as new as this program
        let hearing = if height == 0 { HEARING_AT_GENESIS } else { HEARING };
        if height >= best && now.duration_since(self.begun) >= hearing && self.is_there(status, now) {
            return Verdict::There { doubted: claims.ahead };
        }
        let idle = now.duration_since(self.progressed);
        let only_claims = self.at_rest.filter(|_| self.in_company.is_none()).map(|since| now.duration_since(since));
        let waited = match only_claims {
            Some(waited) if waited >= self.patience * PATIENCES => waited,
            _ if idle >= self.patience => idle,
            _ => return Verdict::Wait,
        };
        let (ahead, heard, clock) = (claims.ahead, claims.heard, status.clock);
        Verdict::GiveUp(Why { waited, height, best, ahead, heard, clock })
    }

    /// Returns whether the tip, which is at the best header, is the best that any peer has shown.
    fn is_there(&self, status: &Status, now: Instant) -> bool {
        if status.claims.ahead == 0 {
            return status.claims.verified > 0;
        }
        let doubt = if status.tip.height == 0 { DOUBT_AT_GENESIS } else { DOUBT };
        self.in_company.is_some_and(|since| now.duration_since(since.max(self.held)) >= doubt)
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { height, best, ahead, heard, .. } = *self;
        let waited = HumanDuration::from(self.waited);
        if let Some(clock) = &self.clock {
            return write!(f, "gave up at height {height} after {waited}: {clock}");
        }
        if heard == 0 {
            let hint = "`cargo run --release --example node` starts a node";
            return write!(f, "nobody answered within {waited}: no node of this network is there; {hint}");
        }
        let hint = "try again later, or others with --relay or --peer";
        if best > height {
            return write!(
                f,
                "gave up at height {height} after {waited}: nobody sends the {} up to height {best}; {hint}",
                count(best - height, "block")
            );
        }
        if ahead == 0 {
            return write!(
                f,
                "gave up at height {height} after {waited}: no peer showed the chain that it has; {hint}"
            );
        }
        let peers = if ahead == 1 { "peer claims" } else { "peers claim" };
        write!(
            f,
            "gave up at height {height} after {waited}: {ahead} {peers} a longer chain and showed none of it; {hint}"
        )
    }
}

#[cfg(test)]
mod tests;
