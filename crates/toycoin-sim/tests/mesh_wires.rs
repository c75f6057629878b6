//! What the wires of a mesh do, seen by machines that only talk: gossip, questions, mutes and partitions.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
    time::Duration,
};

use toycoin_node::{
    machine::{Monotonic, Now},
    protocol::{Input, Judgement, Output, Via},
    relay::ConnectionId,
};
use toycoin_sim::{
    ControlError, Fact, Fault, FaultKind, MessageKind, Network, Participant, Seen, Simulation, Topology,
};
use toycoin_wire::NodeId;

const NODES: usize = 12;

/// When node 0 gossips.
const GOSSIP_AT: Duration = Duration::from_secs(60);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A machine that gossips once if it is node 0, judges all gossip alike, and answers each question with two messages.
struct Talker {
    node: usize,
    judgement: Judgement,
    shuns: bool,
    /// What it asks everybody who joins.
    asks: Option<&'static [u8]>,
    mesh: Option<ConnectionId>,
    has_gossiped: bool,
    peers: BTreeSet<NodeId>,
    outputs: VecDeque<Output>,
    heard: Heard,
}

/// What each node heard: how, from whom, and the payload.
type Heard = Rc<RefCell<Vec<(usize, &'static str, NodeId, Vec<u8>)>>>;

impl Talker {
    fn say(&mut self, to: Option<NodeId>, answers: Option<toycoin_node::protocol::QuestionId>, payload: &'static [u8]) {
        let connection = self.mesh.expect("a mesh stands before anybody joins");
        self.outputs.push_back(Output::Say { connection, to, answers, payload: payload.into() });
    }

    fn hear(&mut self, from: NodeId, via: Via, payload: &[u8]) {
        let how = match via {
            Via::Gossip(_) => "gossip",
            Via::Question(_) => "question",
            Via::Answer => "answer",
        };
        self.heard.borrow_mut().push((self.node, how, from, payload.to_vec()));
        match via {
            Via::Gossip(ticket) => self.outputs.push_back(Output::Judge { ticket, judgement: self.judgement }),
            Via::Question(question) => {
                self.say(Some(from), Some(question), b"ONE first");
                self.say(Some(from), Some(question), b"TWO second");
                self.outputs.push_back(Output::End { question });
            }
            Via::Answer => {}
        }
    }
}

impl Participant for Talker {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::MeshUp { connection } => self.mesh = Some(connection),
            Input::Joined { peer, connection, .. } => {
                self.peers.insert(peer);
                if self.shuns {
                    self.outputs.push_back(Output::Shun { connection, peer, time: seconds(10_000) });
                } else if let Some(question) = self.asks {
                    self.say(Some(peer), None, question);
                }
            }
            Input::Left { peer, .. } => assert!(self.peers.remove(&peer), "it had joined"),
            Input::Heard { from, via, payload, .. } => {
                assert!(self.peers.contains(&from), "only peers are heard");
                self.hear(from, via, payload);
            }
            Input::Unanswered { from, question, .. } => {
                self.heard.borrow_mut().push((self.node, "unanswered", from, question.to_vec()));
            }
            Input::Timeout if now.monotonic.since_origin() >= GOSSIP_AT && !self.has_gossiped => {
                self.has_gossiped = true;
                self.say(None, None, b"TXN a payment");
            }
            _ => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        (self.node == 0 && !self.has_gossiped).then(|| Monotonic::new(GOSSIP_AT))
    }
}

/// A mesh of talkers that judge all gossip alike; node `shuns` mutes everybody who joins.
fn talkers(judgement: Judgement, shuns: Option<usize>) -> (Simulation, Heard) {
    talkers_asked(b"WHO are you?", judgement, shuns)
}

/// Such talkers, of whom node 1 asks the others something.
fn talkers_asked(question: &'static [u8], judgement: Judgement, shuns: Option<usize>) -> (Simulation, Heard) {
    let heard = Heard::default();
    let simulation = Simulation::builder(5).nodes(NODES).topology(Topology::Mesh { degree: 3 });
    let simulation = (0..NODES).fold(simulation, |simulation, node| {
        let heard = Rc::clone(&heard);
        simulation.participant(node, move |_| {
            let (mesh, has_gossiped) = (None, false);
            let (peers, outputs) = Default::default();
            let asks = (node == 1).then_some(question);
            Talker { node, judgement, shuns: shuns == Some(node), asks, mesh, has_gossiped, peers, outputs, heard }
        })
    });
    (simulation.settles_within(None), heard)
}

fn count(heard: &Heard, how: &str) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for (node, ..) in heard.borrow().iter().filter(|(_, by, ..)| *by == how) {
        *counts.entry(*node).or_default() += 1;
    }
    counts
}

fn observed(network: &mut Network) -> Rc<RefCell<Vec<Seen>>> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let facts = Rc::clone(&seen);
    network.observe(move |fact| facts.borrow_mut().push(fact.clone()));
    seen
}

#[test]
fn accepted_gossip_reaches_each_machine_once() {
    let (simulation, heard) = talkers(Judgement::Accept, None);
    let mut network = simulation.start();
    let seen = observed(&mut network);
    network.run_to(seconds(90)).unwrap();
    let expected: BTreeMap<_, _> = (1..NODES).map(|node| (node, 1)).collect();
    assert_eq!(count(&heard, "gossip"), expected);
    let copies = network.statistics().gossip_repeated;
    assert!(copies > 0, "a mesh has circles, so copies arrive that no machine hears");
    let is_gossip = |fact: &&Seen| matches!(fact.fact, Fact::MeshArrived { kind: MessageKind::Gossip, .. });
    let arrived = seen.borrow().iter().filter(is_gossip).count();
    assert_eq!(arrived as u64, NODES as u64 - 1 + copies);
}

#[test]
fn gossip_that_is_not_accepted_stops_at_the_neighbours() {
    for judgement in [Judgement::Ignore, Judgement::Reject] {
        let (simulation, heard) = talkers(judgement, None);
        let mut network = simulation.start();
        let seen = observed(&mut network);
        network.run_to(seconds(90)).unwrap();
        let neighbours: BTreeSet<_> = seen.borrow().iter().fold(BTreeSet::new(), |mut now, fact| {
            match fact.fact {
                Fact::Joined { dialler: 0, dialled: peer } | Fact::Joined { dialler: peer, dialled: 0 } => {
                    now.insert(peer)
                }
                _ => false,
            };
            now
        });
        let heard: BTreeSet<_> = count(&heard, "gossip").into_keys().collect();
        assert!(!heard.is_empty() && heard.len() < NODES - 1 && heard.is_subset(&neighbours), "{heard:?}");
    }
}

#[test]
fn answers_reach_the_asker_in_order_and_nobody_else() {
    let (simulation, heard) = talkers(Judgement::Accept, None);
    simulation.start().run_to(seconds(50)).unwrap();
    let (questions, answers) = (count(&heard, "question"), count(&heard, "answer"));
    let asked: usize = questions.values().sum();
    assert!(asked >= 3 && !questions.contains_key(&1), "{questions:?}");
    assert_eq!(answers, BTreeMap::from([(1, 2 * asked)]));
    let mut by_peer = BTreeMap::<_, Vec<_>>::new();
    for (_, _, from, payload) in heard.borrow().iter().filter(|(_, how, ..)| *how == "answer") {
        by_peer.entry(*from).or_default().push(payload.clone());
    }
    for payloads in by_peer.values() {
        assert!(payloads.chunks(2).all(|pair| pair == [b"ONE first".as_slice(), b"TWO second"]), "{payloads:?}");
    }
}

/// A question for three blocks: a tag, and bytes in place of the hashes.
const THREE_BLOCKS: [u8; 100] = {
    let mut question = [0; 100];
    (question[0], question[1], question[2], question[3]) = (b'G', b'B', b'L', b'K');
    question
};

#[test]
fn an_asker_learns_what_an_answer_lacks_after_it() {
    let asked = |question| {
        let (simulation, heard) = talkers_asked(question, Judgement::Accept, None);
        simulation.start().run_to(seconds(50)).unwrap();
        assert!(count(&heard, "answer").contains_key(&1));
        heard
    };
    // two messages answer each question
    let heard = asked(&THREE_BLOCKS);
    let mut by_peer = BTreeMap::<_, Vec<_>>::new();
    for (_, how, from, _) in heard.borrow().iter().filter(|(node, how, ..)| *node == 1 && *how != "gossip") {
        by_peer.entry(*from).or_default().push(*how);
    }
    assert!(by_peer.values().all(|heard| heard.chunks(3).all(|three| three == ["answer", "answer", "unanswered"])));
    assert!(
        heard.borrow().iter().filter(|(_, how, ..)| *how == "unanswered").all(|(.., asked)| *asked == THREE_BLOCKS)
    );
    // one message would be enough for headers, and the node waits for no other answer
    for question in [&b"GHDR"[..], b"WHO are you?"] {
        assert_eq!(count(&asked(question), "unanswered"), BTreeMap::new());
    }
}

#[test]
fn muted_peers_are_gone_and_stay_away() {
    let (simulation, heard) = talkers(Judgement::Accept, Some(4));
    let mut network = simulation.start();
    let seen = observed(&mut network);
    network.run_to(seconds(300)).unwrap();
    assert!(!count(&heard, "gossip").contains_key(&4), "node 4 mutes everybody, so it hears nothing");
    let of_four = |fact: &&Seen| matches!(fact.fact, Fact::Joined { dialler: 4, .. } | Fact::Joined { dialled: 4, .. });
    let joined = seen.borrow().iter().filter(of_four).count();
    assert!((1..NODES).contains(&joined), "{joined} connections of at most {NODES} peers, none of them again");
}

#[test]
fn a_partition_breaks_connections_and_they_come_back() {
    let (simulation, _) = talkers(Judgement::Accept, None);
    let mut network = simulation.start();
    let seen = observed(&mut network);
    network.run_to(seconds(50)).unwrap();
    let (one, other): (Vec<_>, Vec<_>) = (0..NODES).partition(|node| node % 2 == 0);
    // a connection needs both directions, so one that is blocked parts them too
    let parted = network.begin(Fault::Partition { one, other, one_way: true }).unwrap();
    seen.borrow_mut().clear();
    network.run_to(seconds(110)).unwrap();
    let across = |fact: &Fact| match fact {
        Fact::Joined { dialler, dialled } => (dialler + dialled) % 2 == 1,
        Fact::MeshArrived { from, to, .. } => (from + to) % 2 == 1,
        _ => false,
    };
    let left = seen.borrow().iter().filter(|seen| matches!(seen.fact, Fact::Left { .. })).count();
    assert!(left > 4, "{left}");
    assert!(!seen.borrow().iter().any(|seen| across(&seen.fact)), "nothing passes");
    network.end(parted).unwrap();
    seen.borrow_mut().clear();
    network.run_to(seconds(400)).unwrap();
    assert!(seen.borrow().iter().any(|seen| across(&seen.fact)), "they have found each other again");
}

#[test]
fn refuses_faults_that_need_a_relay() {
    let mesh = || Simulation::builder(1).nodes(3).topology(Topology::Mesh { degree: 2 });
    let unfit = [Fault::CarelessRelay { node: 0 }, Fault::RelayRestart { relay: 0 }, Fault::LagFlood { node: 0 }];
    for fault in unfit {
        let error = mesh().fault(seconds(1)..seconds(2), fault.clone()).run_for(seconds(5)).unwrap_err();
        let expected = format!("{:?} is a fault of relays, and a mesh has none", fault.kind());
        assert_eq!((error.invariant.as_str(), &error.what), ("topology", &expected));
        let begun = mesh().start().begin(fault.clone());
        assert_eq!(begun, Err(ControlError::NeedsRelays { kind: fault.kind() }));
    }
    let of_relays = FaultKind::ALL.iter().filter(|kind| kind.needs_relays()).count();
    assert_eq!(of_relays, 3);
}
