//! Catching up without a chain: until the tip is proved and all blocks up to it are searched.
//!
//! Only what was proved counts. Anybody can claim more work, so a program waits for a claim for a few seconds, but never
//! believes it.

use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    future::Future,
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval};
use toycoin_core::HumanDuration;
use toycoin_node::{
    RelayState,
    light::{LightClient, LightStatus},
};

use super::wallet::LightWallet;
use crate::{gave_up::GaveUp, meshing::ClientMeeting, progress::Progress, tell, words::count};

/// Shortest time to listen before a program has joined; an honest server shows its tip within a round trip.
const HEARING: Duration = Duration::from_secs(1);
/// The same time at genesis, which other light clients claim too, whatever the network's tip is.
const HEARING_AT_GENESIS: Duration = Duration::from_secs(5);
/// Longest time that unproven claims of more work delay a program.
const DOUBT: Duration = Duration::from_secs(5);
/// Longest wait for a second server's filters.
const SECOND_OPINION: Duration = Duration::from_secs(5);
/// Interval at which the client is asked for its status.
const LOOKS: Duration = Duration::from_millis(50);
/// Template of the bar: blocks that are searched.
const BAR: &str = "{bar:16} {pos} of {len}, {msg}";

/// What catches up.
pub trait Follower {
    /// Returns the light client.
    fn client(&self) -> &LightClient;

    /// Returns whether all blocks up to the client's tip are searched, as far as that is wanted.
    fn is_searched(&self, status: &LightStatus) -> bool;

    /// Waits for the next event of the client, and takes it.
    fn next(&mut self) -> impl Future<Output = Result<(), Box<dyn Error>>>;
}

/// Waits until the tip is proved and searched, and shows the progress on standard error. It gives up when nothing was
/// proved or searched for `patience`. Returns the height at which it was first there: a second server has had its time
/// for these blocks. Those above it came while it waited.
///
/// # Errors
/// [`GaveUp`] if no relay or peer can be reached, nobody answers, or nobody proves what is claimed; or if the client
/// has ended.
pub async fn catch_up(
    follower: &mut impl Follower,
    meeting: &ClientMeeting,
    patience: Duration,
) -> Result<u64, Box<dyn Error>> {
    let mut progress = Progress::new("searching", BAR)?;
    let mut joining = Joining::new(patience, Instant::now());
    let mut looks = interval(LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let unreachable = meeting.unreachable();
    tokio::pin!(unreachable);
    let mut is_probed = false;
    loop {
        tokio::select! {
            result = follower.next() => {
                result?;
                continue;
            }
            why = &mut unreachable, if !is_probed => {
                is_probed = true;
                if let Some(reasons) = why {
                    let hint = "`cargo run --release --features p2p --example node -- --p2p` starts a node";
                    return Err(GaveUp::new(format!("cannot reach a peer: {reasons}; {hint}")).into());
                }
                continue;
            }
            _ = looks.tick() => {}
        }
        let status = follower.client().status().await?;
        if let Some(reasons) = failures(meeting.relays(), &status.relays) {
            let hint = "`cargo run --release --example relay` starts one";
            return Err(GaveUp::new(format!("cannot reach a relay: {reasons}; {hint}")).into());
        }
        let (searched, height) = (status.searched, status.tip.header.height);
        let servers = count(status.servers as u64, "node");
        if searched < height {
            progress.show(searched, height, &servers, || format!("{searched} of {height} blocks, {servers}"));
        }
        let is_searched = follower.is_searched(&status);
        match joining.look(&status, is_searched, Instant::now()) {
            Verdict::Wait => {}
            Verdict::There { height, is_doubted } => {
                drop(progress);
                if is_doubted {
                    tell!("note: a node claims a longer chain and did not prove it; not waiting for it");
                }
                return Ok(height);
            }
            Verdict::GiveUp(why) => return Err(GaveUp::new(why.to_string()).into()),
        }
    }
}

/// Returns why no relay can be reached; `None` if one may be, or there is none.
fn failures(addresses: &[String], relays: &[RelayState]) -> Option<String> {
    let reason = |(address, relay): (&String, &RelayState)| {
        let reason = relay.failure()?;
        Some(if reason.contains(address) { reason.to_owned() } else { format!("{address}: {reason}") })
    };
    let reasons: Option<Vec<_>> = addresses.iter().zip(relays).map(reason).collect();
    reasons.filter(|reasons| !reasons.is_empty()).map(|reasons| reasons.join(", "))
}

impl Follower for LightWallet {
    fn client(&self) -> &LightClient {
        Self::client(self)
    }

    fn is_searched(&self, status: &LightStatus) -> bool {
        // what the client reported, and what it knows by now
        Self::is_searched(self) && self.tip() == status.tip && self.progress() == (status.searched, status.confirmed)
    }

    async fn next(&mut self) -> Result<(), Box<dyn Error>> {
        Self::next(self).await
    }
}

/// Progress of a program that joins, measured by what was proved and searched.
#[derive(Debug)]
struct Joining {
    patience: Duration,
    begun: Instant,
    /// Greatest height of the tip, of what is searched, and of what two servers agree on.
    most: (u64, u64, u64),
    /// When one of these last grew.
    progressed: Instant,
    /// Whether a server has shown that it has the tip.
    has_company: bool,
    /// When a second server's opinion was first waited for, and up to which height. Blocks go on to come: whoever waited
    /// for an opinion on the last one might wait for ever.
    there: Option<(Instant, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Wait,
    There {
        /// Height at which it was first there.
        height: u64,
        /// Whether a server claims more work.
        is_doubted: bool,
    },
    GiveUp(Why),
}

/// Reason for giving up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Why {
    waited: Duration,
    height: u64,
    searched: u64,
    claimed: Option<u64>,
    servers: usize,
}

impl Joining {
    const fn new(patience: Duration, now: Instant) -> Self {
        Self { patience, begun: now, most: (0, 0, 0), progressed: now, has_company: false, there: None }
    }

    fn look(&mut self, status: &LightStatus, is_searched: bool, now: Instant) -> Verdict {
        let height = status.tip.header.height;
        let most = (self.most.0.max(height), self.most.1.max(status.searched), self.most.2.max(status.confirmed));
        if most != self.most {
            self.progressed = now;
        }
        self.most = most;
        self.has_company |= status.company > 0;
        let idle = now.duration_since(self.progressed);
        let heard = now.duration_since(self.begun);
        let is_heard = heard >= if height == 0 { HEARING_AT_GENESIS } else { HEARING };
        let is_doubted = status.claimed.is_some();
        let is_there = self.has_company && is_heard && (!is_doubted || idle >= DOUBT);
        if is_there && is_searched {
            let (since, height) = *self.there.get_or_insert((now, status.searched));
            // a second server has to be there to have an opinion
            let opinion = if status.servers > 1 { SECOND_OPINION } else { HEARING };
            if status.confirmed >= height.min(status.searched) || now.duration_since(since) >= opinion {
                return Verdict::There { height, is_doubted };
            }
        }
        if idle < self.patience {
            return Verdict::Wait;
        }
        let LightStatus { searched, claimed, servers, .. } = *status;
        Verdict::GiveUp(Why { waited: idle, height, searched, claimed, servers })
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { height, searched, servers, .. } = *self;
        let waited = HumanDuration::from(self.waited);
        if servers == 0 {
            let hint = "`cargo run --release --example node` starts a node";
            return write!(f, "nobody answered within {waited}: no node of this network is there; {hint}");
        }
        let hint = "try again later, or others with --relay or --peer";
        match self.claimed {
            Some(claimed) => write!(
                f,
                "gave up at height {height} after {waited}: a node claims height {claimed} and proves none of it; {hint}"
            ),
            None if searched < height => write!(
                f,
                "gave up at height {searched} after {waited}: no node helps to search the blocks up to {height}; {hint}"
            ),
            None => {
                write!(f, "gave up at height {height} after {waited}: no node showed the chain that it has; {hint}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::ChainParams;
    use toycoin_node::light::Tip;

    use super::*;

    fn status(height: u64, searched: u64, confirmed: u64) -> LightStatus {
        let params = ChainParams::regtest();
        let mut header = params.genesis().header;
        header.height = height;
        let tip = Tip { header, hash: params.genesis_hash(), work: toycoin_core::Work::ZERO };
        LightStatus { tip, claimed: None, searched, confirmed, servers: 2, company: 2, relays: Vec::new() }
    }

    /// The verdicts after so many seconds each, of the same status.
    fn verdicts(status: &LightStatus, is_searched: bool, seconds: &[u64]) -> Vec<bool> {
        let begun = Instant::now();
        let mut joining = Joining::new(Duration::from_secs(20), begun);
        let mut there = |after: &u64| {
            let verdict = joining.look(status, is_searched, begun + Duration::from_secs(*after));
            matches!(verdict, Verdict::There { .. })
        };
        seconds.iter().map(&mut there).collect()
    }

    #[test]
    fn is_there_when_the_tip_is_searched_and_two_servers_agree() {
        assert_eq!(verdicts(&status(9, 9, 9), true, &[0, 1]), [false, true]);
        assert_eq!(verdicts(&status(9, 9, 9), false, &[0, 1, 19]), [false, false, false]);
        assert_eq!(verdicts(&status(0, 0, 0), true, &[0, 4, 5]), [false, false, true]);
    }

    #[test]
    fn waits_a_while_for_a_second_server_and_for_claims() {
        assert_eq!(verdicts(&status(9, 9, 4), true, &[0, 1, 5, 6]), [false, false, false, true]);
        let alone = LightStatus { servers: 1, company: 1, ..status(9, 9, 0) };
        assert_eq!(verdicts(&alone, true, &[0, 1, 2]), [false, false, true]);
        let claimed = LightStatus { claimed: Some(100), ..status(9, 9, 9) };
        assert_eq!(verdicts(&claimed, true, &[0, 4, 5]), [false, false, true]);
        let stale = LightStatus { company: 0, ..status(9, 9, 9) };
        assert_eq!(verdicts(&stale, true, &[0, 5, 19]), [false, false, false]);
    }

    #[test]
    fn blocks_that_come_meanwhile_need_no_second_opinion() {
        let begun = Instant::now();
        let mut joining = Joining::new(Duration::from_secs(20), begun);
        let mut look = |status: LightStatus, after| joining.look(&status, true, begun + Duration::from_secs(after));
        assert_eq!(look(status(9, 9, 4), 1), Verdict::Wait);
        assert_eq!(look(status(11, 11, 8), 2), Verdict::Wait);
        assert_eq!(look(status(12, 12, 9), 3), Verdict::There { height: 9, is_doubted: false });
        // a reorganisation may leave fewer blocks than there were
        assert_eq!(look(status(8, 8, 8), 4), Verdict::There { height: 9, is_doubted: false });
    }

    #[test]
    fn relays_have_failed_only_if_all_have() {
        let addresses = ["a:1".to_owned(), "b:2".to_owned()];
        let failed = |reason: &str| RelayState::Failed { reason: reason.to_owned() };
        let all = failures(&addresses, &[failed("refused"), failed("b:2: refused")]);
        assert_eq!(all.as_deref(), Some("a:1: refused, b:2: refused"));
        assert_eq!(failures(&addresses, &[failed("refused"), RelayState::Connecting]), None);
        assert_eq!(failures(&addresses, &[]), None, "there is a mesh");
    }

    #[test]
    fn gives_up_with_what_is_missing() {
        let said = |status: LightStatus| {
            let begun = Instant::now();
            let mut joining = Joining::new(Duration::from_secs(20), begun);
            joining.look(&status, false, begun);
            match joining.look(&status, false, begun + Duration::from_secs(20)) {
                Verdict::GiveUp(why) => why.to_string(),
                other => panic!("{other:?}"),
            }
        };
        let nobody = said(LightStatus { servers: 0, company: 0, ..status(0, 0, 0) });
        assert!(nobody.starts_with("nobody answered within 20 s: no node of this network is there"), "{nobody}");
        let claimed = said(LightStatus { claimed: Some(100), ..status(7, 7, 7) });
        assert!(claimed.contains("at height 7 after 20 s: a node claims height 100 and proves none"), "{claimed}");
        let unsearched = said(status(9, 7, 7));
        assert!(
            unsearched.contains("at height 7 after 20 s: no node helps to search the blocks up to 9"),
            "{unsearched}"
        );
    }
}
