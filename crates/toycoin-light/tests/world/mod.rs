//! A light client among full nodes, without sockets.

#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

pub(crate) mod concern;
mod full_node;

use std::{collections::BTreeMap, time::Duration};

use toycoin_core::ChainParams;
use toycoin_light::machine::{Event, Input, LightConfig, LightMachine, Output, Server};
use toycoin_wire::{
    NodeId, NodeMessage, Payload,
    machine::{Machine, Monotonic, Now},
};

pub(crate) use self::full_node::{FullNode, Manner, NOW_MS};

/// A light client and the servers that it may ask.
pub(crate) struct World {
    pub(crate) client: LightMachine,
    pub(crate) servers: BTreeMap<Server, FullNode>,
    pub(crate) events: Vec<Event>,
    /// Bytes that the client was sent.
    pub(crate) bytes: usize,
    pub(crate) now: Monotonic,
}

pub(crate) const CONNECTION: u64 = 1;

pub(crate) fn server(name: u8) -> Server {
    Server { connection: CONNECTION, peer: NodeId::new([name; 16]) }
}

impl World {
    /// A client that knows genesis, beside full nodes.
    pub(crate) fn new(params: ChainParams, nodes: Vec<FullNode>) -> Self {
        Self::with(LightMachine::new(LightConfig::new(params, [7; 32])), nodes)
    }

    pub(crate) fn with(client: LightMachine, nodes: Vec<FullNode>) -> Self {
        let servers = (1..).zip(nodes).map(|(name, node)| (server(name), node)).collect();
        let mut world = Self { client, servers, events: Vec::new(), bytes: 0, now: Monotonic::ORIGIN };
        world.tell(Input::Opened { connection: CONNECTION });
        world
    }

    pub(crate) fn now(&self) -> Now {
        Now { monotonic: self.now, unix_ms: NOW_MS }
    }

    pub(crate) fn tell(&mut self, input: Input<'_>) {
        let now = self.now();
        self.client.handle(now, input);
    }

    /// Each server publishes its status.
    pub(crate) fn publish(&mut self) {
        let statuses: Vec<_> = self.servers.iter().map(|(server, node)| (*server, node.status())).collect();
        for (server, status) in statuses {
            self.hear(server, &status);
        }
    }

    pub(crate) fn hear(&mut self, server: Server, message: &NodeMessage) {
        let payload = message.encode().expect("within its caps");
        self.tell(Input::Heard { server, payload: &payload });
    }

    /// Carries out what the client says, until it says nothing and the time is over.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            while let Some(output) = self.client.poll_output() {
                self.carry_out(output);
            }
            match self.client.next_timeout().filter(|at| *at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
            self.tell(Input::Timeout);
        }
        self.now = end;
    }

    /// Carries out one thing that the client says. Answers are heard, and what they lead to waits.
    pub(crate) fn step(&mut self) {
        if let Some(output) = self.client.poll_output() {
            self.carry_out(output);
        }
    }

    /// Lets each server publish its status, and runs for a time in which the slowest questions are over.
    pub(crate) fn settle(&mut self) {
        for _ in 0..20 {
            self.publish();
            self.run(Duration::from_secs(30));
        }
    }

    pub(crate) fn carry_out(&mut self, output: Output) {
        match output {
            Output::Ask { server, payload } => {
                let Ok(Payload::Message(message)) = NodeMessage::decode(&payload) else {
                    panic!("the client says what nobody reads")
                };
                let answers = self.servers.get_mut(&server).map(|node| node.answer(message)).unwrap_or_default();
                for answer in answers {
                    self.bytes += answer.len();
                    self.tell(Input::Heard { server, payload: &answer });
                }
            }
            Output::Tell { .. } | Output::Mute { .. } => {}
            Output::Emit(event) => self.events.push(event),
        }
    }

    pub(crate) fn muted(&self) -> Vec<Server> {
        let of = |event: &Event| match event {
            Event::Muted { server, .. } => Some(*server),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// Returns the heights of the blocks that were reported and not taken back.
    pub(crate) fn blocks(&self) -> Vec<u64> {
        let mut heights = Vec::new();
        for event in &self.events {
            match event {
                Event::Block(block) => heights.push(block.header.height),
                Event::Rewound { height } => heights.retain(|at| at <= height),
                _ => {}
            }
        }
        heights
    }
}
