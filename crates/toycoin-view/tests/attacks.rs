//! Attacks on a simulated stage: a trial is the lab's, steered or not, and the lesson comes back.

#![cfg(feature = "attacks")]
#![expect(clippy::unwrap_used, reason = "in a test a failure is a panic")]

mod common;

use std::{cell::Cell, collections::BTreeSet, io, time::Duration};

use common::{request, serve};
use serde_json::{Value, json};
use tokio::time::timeout;
use toycoin_lab::{Attack, Setting, Trial, attacks::DoubleSpend, output::outcome_in_words};
use toycoin_view::{
    Hub, View,
    attack::AttackRequest,
    command::{Command, Done, FaultSpec, Refusal},
    event::Event,
    hub::Next,
    record::Recorder,
    stage::simulated::{Simulated, SimulatedConfig},
    state::State,
};

/// Longer than anything here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(120);

/// Seed of a trial that takes some blocks.
const SEED: u64 = 3;

fn stage() -> Simulated {
    Simulated::start(SimulatedConfig::new(7)).unwrap()
}

fn double_spend(seed: u64) -> AttackRequest {
    AttackRequest { set: [("z".to_owned(), 1.0)].into(), seed: Some(seed), ..AttackRequest::new("double-spend") }
}

/// What the lab says of the same trial, without a view.
fn expected(seed: u64) -> String {
    let setting = Setting::of(&DoubleSpend).with(&DoubleSpend, "z", 1.0);
    outcome_in_words(&DoubleSpend, &setting, &DoubleSpend.trial(&setting, &Trial::new(seed)).unwrap())
}

/// Waits until the state meets a condition.
async fn until(hub: &std::sync::Arc<Hub>, is_met: impl Fn(&State) -> bool) {
    let mut viewer = hub.join(None);
    let met = async {
        while !hub.look(&is_met) {
            viewer.next().await;
        }
    };
    timeout(DEADLINE, met).await.expect("the state meets the condition");
}

fn outcome(state: &State) -> Option<String> {
    state.attack.as_ref()?.outcome.clone()
}

#[tokio::test]
async fn a_steered_trial_has_the_outcome_of_the_lab() {
    let stage = stage();
    let hub = stage.hub();
    let lesson = hub.look(|state| state.run.clone());
    assert_eq!(stage.command(Command::Attack(double_spend(SEED))).await, Ok(Done::Done));
    hub.look(|state| {
        let trial = state.attack.as_ref().unwrap();
        assert_ne!(state.run, lesson);
        assert_eq!((trial.attack.as_str(), &trial.attackers[..], &trial.outcome), ("double-spend", &[2][..], &None));
        assert_eq!(trial.setting, "q 0.3, z 1, premined 0, give-up 25, asert 0, seed 3");
        assert!(trial.theory.starts_with("success 0.30"), "{}", trial.theory);
        let names: Vec<_> = state.nodes.iter().map(|node| (node.name.as_str(), node.hash_rate)).collect();
        assert_eq!(names, [("node 0", 35), ("node 1", 35), ("attacker 2", 30)]);
    });
    // pauses, steps and speeds do not change what happens
    for _ in 0..40 {
        assert_eq!(stage.command(Command::Step).await, Ok(Done::Done));
    }
    assert!(hub.look(|state| state.clock.paused && outcome(state).is_none()));
    stage.command(Command::Speed(100.0)).await.unwrap();
    stage.command(Command::Run).await.unwrap();
    until(hub, |state| outcome(state).is_some()).await;
    assert_eq!(hub.look(outcome), Some(expected(SEED)));

    // its network stays for questions, and moves no further
    until(hub, |state| state.clock.paused).await;
    let refused = stage.command(Command::Run).await;
    assert!(matches!(&refused, Err(Refusal::Cannot(why)) if why.contains("outcome")), "{refused:?}");
    assert_eq!(stage.nodes(), 3);
    assert_eq!(stage.params().genesis_hash().to_string(), hub.look(|state| state.network.genesis.clone()));

    // and the lesson is a new one of its seed
    assert_eq!(stage.command(Command::Lesson).await, Ok(Done::Done));
    let (run, nodes, attack) = hub.look(|state| (state.run.clone(), state.nodes.len(), state.attack.clone()));
    assert_ne!(run, lesson);
    assert_eq!((nodes, attack, stage.nodes()), (4, None, 4));
    assert!(matches!(stage.command(Command::Lesson).await, Err(Refusal::Cannot(_))), "it is there already");
}

#[tokio::test]
async fn a_trial_is_not_disturbed_and_can_be_left() {
    let stage = stage();
    stage.command(Command::Attack(double_spend(SEED))).await.unwrap();
    stage.command(Command::Pause).await.unwrap();
    let before = stage.hub().state().json;
    for command in [
        Command::Partition { groups: vec![vec![0], vec![1, 2]] },
        Command::Heal,
        Command::Pay { from: 0, to: 1, value: 5, fee: 5 },
        Command::AddNode { hash_rate: 10 },
        Command::Stop { node: 0 },
        Command::Rate { node: 0, hash_rate: 1 },
        Command::Delay { node: 0, delay: Duration::ZERO },
        Command::Fault(FaultSpec::LossyLink { node: 0 }),
    ] {
        let refused = stage.command(command.clone()).await;
        assert!(
            matches!(&refused, Err(Refusal::Cannot(why)) if why.contains("undisturbed")),
            "{command:?}: {refused:?}"
        );
    }
    assert_eq!(stage.hub().state().json, before);
    // another trial in place of one that has no outcome, and then the lesson
    stage.command(Command::Attack(double_spend(SEED + 1))).await.unwrap();
    assert!(stage.hub().look(|state| state.attack.as_ref().is_some_and(|trial| trial.setting.ends_with("seed 4"))));
    stage.command(Command::Lesson).await.unwrap();
    assert!(stage.hub().look(|state| state.attack.is_none()));
}

#[tokio::test]
async fn what_the_lab_refuses_leaves_the_lesson() {
    let stage = stage();
    let run = stage.hub().look(|state| state.run.clone());
    let set = |name: &str, value| AttackRequest { set: [(name.to_owned(), value)].into(), ..double_spend(1) };
    let defended = |name: &str| AttackRequest { defence: Some(name.to_owned()), ..double_spend(1) };
    for (request, why) in [
        (AttackRequest::new("double"), "there is no attack \"double\"; there are double-spend, "),
        (set("x", 1.0), "double-spend has no parameter x: it has q, z, "),
        (set("q", 0.7), "q is a number from 0.01 to 0.49, not 0.7"),
        (set("q", f64::NAN), "q is a number from"),
        (set("z", 1.5), "z is a whole number from 1 to 30, not 1.5"),
        (defended("prayer"), "double-spend has no defence prayer: it has patience"),
        (AttackRequest::new("mislead-light"), "mislead-light has a light client"),
    ] {
        let refused = stage.command(Command::Attack(request.clone())).await;
        assert!(matches!(&refused, Err(Refusal::Unfit(text)) if text.contains(why)), "{request:?}: {refused:?}");
    }
    assert_eq!(stage.hub().look(|state| state.run.clone()), run);
    let names: BTreeSet<_> = stage.attacks().iter().map(|attack| attack.name.as_str()).collect();
    assert!(names.contains("selfish") && names.len() >= 15, "{names:?}");
    assert!(!names.contains("dilate"), "it has a light client");
}

#[tokio::test]
async fn viewers_follow_from_run_to_run() {
    let stage = stage();
    let hub = stage.hub();
    let mut viewer = hub.join(None);
    let mut seen: Option<State> = None;
    let mut runs = BTreeSet::new();
    stage.command(Command::Speed(50.0)).await.unwrap();
    for command in
        [Command::Pause, Command::Attack(double_spend(SEED)), Command::Pause, Command::Lesson, Command::Pause]
    {
        stage.command(command).await.unwrap();
        let (run, seq) = hub.look(|state| (state.run.clone(), state.seq));
        let follow = async {
            while seen.as_ref().is_none_or(|state| state.run != run || state.seq < seq) {
                match viewer.next().await {
                    Next::State(line) => seen = Some(serde_json::from_str(&line.json).unwrap()),
                    Next::Event(line) => {
                        let event: Event = serde_json::from_str(&line.json).unwrap();
                        let state = seen.as_mut().unwrap();
                        assert_eq!((event.seq, &*line.run), (state.seq + 1, state.run.as_str()));
                        state.apply(&event);
                    }
                }
            }
        };
        timeout(DEADLINE, follow).await.unwrap();
        runs.insert(run);
    }
    assert_eq!(runs.len(), 3, "each run has an id of its own");
    hub.look(|state| assert_eq!(Some(state), seen.as_ref()));
}

#[test]
fn refused_attack_makes_no_record() {
    let (made, time) = (Cell::new(false), Duration::from_secs(1));
    let recorder = || {
        made.set(true);
        Ok(Recorder::new(io::sink()))
    };
    let wrong = AttackRequest { set: [("q".to_owned(), 2.0)].into(), ..AttackRequest::new("double-spend") };
    let error = Simulated::record_attack(&wrong, time, recorder, || true).unwrap_err();
    assert_eq!((error.kind(), made.get()), (io::ErrorKind::InvalidInput, false), "{error}");
    Simulated::record_attack(&double_spend(SEED), time, recorder, || true).unwrap();
    assert!(made.get());
}

#[tokio::test]
async fn routes_begin_an_attack_and_lead_back() {
    let view = serve(View::builder(stage())).await;
    let post =
        async |path: &str, body: &str| request(&view, "POST", path).with_token(&view.url()).json(body).send().await;
    let attacks: Value = serde_json::from_str(&request(&view, "GET", "/api/v1/attacks").send().await.body).unwrap();
    let q = json!({"name": "q", "what": "the attacker's share of the hash rate", "default": 0.3, "min": 0.01,
        "max": 0.49, "whole": false});
    assert_eq!((&attacks[0]["name"], &attacks[0]["parameters"][0]), (&json!("double-spend"), &q));
    assert_eq!(attacks[0]["defences"][0]["name"], "patience");

    assert_eq!(request(&view, "POST", "/api/v1/attack").json("{}").status().await, 401);
    for (body, status) in [
        ("{}", 422),
        (r#"{"attack":"none"}"#, 422),
        (r#"{"attack":"double-spend","set":{"q":2}}"#, 422),
        (r#"{"attack":"double-spend","more":1}"#, 422),
        (r#"{"attack":"double-spend","set":{"q":0.3},"defence":null,"seed":7}"#, 204),
    ] {
        let answer = post("/api/v1/attack", body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    assert_eq!(post("/api/v1/network/heal", "{}").await.status, 409);
    // the explorer's paths answer for the trial's network
    let tip = request(&view, "GET", "/api/blocks/tip/height").send().await;
    assert_eq!(tip.status, 200, "{}", tip.body);
    let audit = request(&view, "GET", "/api/v1/audit").send().await;
    assert!(audit.body.contains(r#""holds":true"#), "{}", audit.body);
    assert_eq!(post("/api/v1/lesson", "{}").await.status, 204);
    assert_eq!(post("/api/v1/lesson", "{}").await.status, 409);
    let audit = request(&view, "GET", "/api/v1/audit").send().await;
    assert!(audit.body.contains(r#""holds":true"#), "{}", audit.body);
    view.shutdown().await;
}
