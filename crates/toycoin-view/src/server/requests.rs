//! The bodies of commands, as JSON.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    command::Command,
    limits::{GROUPS, NODES},
    problem::Problem,
    server::body::unfit,
};

/// Parts the network.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Partition {
    /// The groups; each node is in at most one. Nodes that are in none form one more.
    groups: Vec<Vec<usize>>,
}

impl Partition {
    /// Returns the command.
    pub(crate) fn command(self) -> Result<Command, Problem> {
        let Self { groups } = self;
        if groups.is_empty() || groups.len() > GROUPS {
            let given = groups.len();
            return Err(unfit(format!("groups: {given} were given; give 1 to {GROUPS}, such as [[0,1],[2,3]]")));
        }
        let mut seen = BTreeSet::new();
        if let Some(node) = groups.iter().flatten().find(|node| !seen.insert(**node)) {
            return Err(unfit(format!("groups: node {node} is there twice; name each node at most once")));
        }
        if groups.iter().any(Vec::is_empty) {
            return Err(unfit("groups: one of them is empty; leave it out"));
        }
        Ok(Command::Partition { groups })
    }
}

/// Ends a fault.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// The fault's number, from the answer with which it began.
    pub(crate) id: u64,
}

/// A set hash rate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HashRate {
    /// A share on a simulated network, percent of the threads' time on a live one.
    pub(crate) hash_rate: u64,
}

/// A delay of what a node sends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delay {
    /// Milliseconds, at most 600,000.
    #[schema(maximum = 600_000)]
    ms: u64,
}

impl Delay {
    /// Returns the delay.
    pub(crate) fn duration(&self) -> Result<Duration, Problem> {
        if self.ms > MAX_DELAY_MS {
            return Err(unfit(format!("ms: {} is too long; give at most {MAX_DELAY_MS} (10 minutes)", self.ms)));
        }
        Ok(Duration::from_millis(self.ms))
    }
}

/// A payment from the wallet of one node to that of another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pay {
    /// The node whose wallet pays.
    from: usize,
    /// The node whose wallet is paid.
    to: usize,
    /// The amount in grains, at least 1.
    #[schema(minimum = 1)]
    value: u64,
    /// The fee in grains.
    fee: u64,
}

impl Pay {
    /// Returns the command.
    pub(crate) fn command(self) -> Result<Command, Problem> {
        let Self { from, to, value, fee } = self;
        if value == 0 {
            return Err(unfit("value: 0 cannot be paid; give at least 1 grain"));
        }
        Ok(Command::Pay { from, to, value, fee })
    }
}

/// Sets the clock.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetClock {
    /// What to do.
    #[serde(rename = "do")]
    action: ClockAction,
    /// Virtual seconds per second, more than 0; needed by `speed` alone.
    #[serde(default)]
    speed: Option<f64>,
}

/// What to do with the clock.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClockAction {
    /// Let time stand still.
    Pause,
    /// Let time go on.
    Run,
    /// Go on to the next event that is shown, then stand still.
    Step,
    /// Set the speed.
    Speed,
}

impl SetClock {
    /// Returns the command.
    pub(crate) fn command(self) -> Result<Command, Problem> {
        match (self.action, self.speed) {
            (ClockAction::Pause, None) => Ok(Command::Pause),
            (ClockAction::Run, None) => Ok(Command::Run),
            (ClockAction::Step, None) => Ok(Command::Step),
            (ClockAction::Speed, Some(speed)) if speed.is_finite() && speed > 0.0 => Ok(Command::Speed(speed)),
            (ClockAction::Speed, Some(speed)) => Err(unfit(format!("speed: {speed} makes no sense; give more than 0"))),
            (ClockAction::Speed, None) => {
                Err(unfit("speed is missing; send {\"do\":\"speed\",\"speed\":4} for 4 virtual seconds per second"))
            }
            (_, Some(_)) => Err(unfit("speed belongs to {\"do\":\"speed\"} alone; leave it out")),
        }
    }
}

/// The number of a fault that began.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FaultBegun {
    /// The number by which it can be ended.
    pub(crate) id: u64,
}

/// The number of a node that was added.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeAdded {
    /// The number.
    pub(crate) node: usize,
}

/// The id of a payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Paid {
    /// The id in hex.
    pub(crate) txid: String,
}

/// Longest delay of what a node sends, in milliseconds.
const MAX_DELAY_MS: u64 = 600_000;

// so many nodes are never in more groups than nodes
const _: () = assert!(GROUPS >= NODES);

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn decode<T: DeserializeOwned>(body: Value, command: fn(T) -> Result<Command, Problem>) -> Option<Command> {
        match command(serde_json::from_value(body).ok()?) {
            Ok(command) => Some(command),
            Err(problem) => {
                assert_eq!(problem.into_response().status(), 422);
                None
            }
        }
    }

    #[test]
    fn groups_name_each_node_once() {
        let groups = vec![vec![0, 1], vec![2]];
        assert_eq!(decode(json!({"groups": groups}), Partition::command), Some(Command::Partition { groups }));
        let most: Vec<_> = (0..GROUPS).map(|node| vec![node]).collect();
        assert!(decode(json!({"groups": most}), Partition::command).is_some());
        let too_many: Vec<_> = (0..=GROUPS).map(|node| vec![node]).collect();
        for groups in
            [json!([]), json!([[0, 1], [1]]), json!([[0, 0]]), json!([[0], []]), json!(too_many), json!([[-1]])]
        {
            assert_eq!(decode(json!({"groups": groups}), Partition::command), None, "{groups}");
        }
        assert_eq!(decode(json!({"groups": [[0]], "more": 1}), Partition::command), None);
    }

    #[test]
    fn the_clock_takes_a_speed_with_speed_alone() {
        let set = |body| decode(body, SetClock::command);
        assert_eq!(set(json!({"do": "pause"})), Some(Command::Pause));
        assert_eq!(set(json!({"do": "run"})), Some(Command::Run));
        assert_eq!(set(json!({"do": "step"})), Some(Command::Step));
        assert_eq!(set(json!({"do": "speed", "speed": 4})), Some(Command::Speed(4.0)));
        for body in [json!({"do": "speed"}), json!({"do": "speed", "speed": 0}), json!({"do": "speed", "speed": -1})] {
            assert_eq!(set(body), None);
        }
        for body in [json!({"do": "run", "speed": 1}), json!({"do": "fly"}), json!({}), json!([]), json!("run")] {
            assert_eq!(set(body), None);
        }
    }

    #[test]
    fn a_payment_has_a_value() {
        let pay = |value| decode(json!({"from": 0, "to": 1, "value": value, "fee": 0}), Pay::command);
        assert_eq!(pay(json!(5)), Some(Command::Pay { from: 0, to: 1, value: 5, fee: 0 }));
        assert_eq!(pay(json!(0)), None);
        assert_eq!(pay(json!(0.5)), None);
        assert_eq!(pay(json!("5")), None);
    }

    #[test]
    fn a_delay_is_bounded() {
        assert_eq!(Delay { ms: MAX_DELAY_MS }.duration().ok(), Some(Duration::from_secs(600)));
        assert_eq!(Delay { ms: MAX_DELAY_MS + 1 }.duration().ok(), None);
        assert_eq!(Delay { ms: u64::MAX }.duration().ok(), None);
    }
}
