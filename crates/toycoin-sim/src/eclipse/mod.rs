//! Eclipse attacks: whoever holds all connections of a node decides what it sees.
//!
//! A light world without chains: the real machine of peering of one victim, honest nodes in many netgroups, and an
//! attacker with many addresses in few. The attacker accepts every connection, answers questions for addresses with its
//! own addresses only, and takes all inbound slots that it gets. The victim restarts now and then, which the attacker
//! waits for, because then all outbound connections are chosen anew (Heilman et al., "Eclipse Attacks on Bitcoin's
//! Peer-to-Peer Network", USENIX Security 2015).
//!
//! ```text
//!                      dials, GADR                    dial, dial, dial
//!   200 honest nodes ◀───────────── victim: Peering ◀─────────────────── 1,000 addresses of the attacker
//!   in 100 netgroups   ADDR: both    8 out, 117 in     ADDR: attackers    in 4 netgroups
//! ```
//!
//! ```
//! use std::time::Duration;
//! use toycoin_sim::eclipse::Eclipse;
//!
//! let attack = Eclipse { lasts: Duration::from_secs(3_600), restarts: 1, ..Eclipse::new(7) };
//! let outcome = attack.run();
//! assert!(outcome.honest_outbound >= 2, "{outcome:?}");
//! assert_eq!(attack.run(), outcome, "one seed, one attack");
//! ```

mod attack;
mod crowd;
mod driver;
mod victim;
mod world;

pub use self::attack::{AfterRestart, Eclipse, EclipseOutcome};
