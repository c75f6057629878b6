//! The loop around a light client's machine.

use std::collections::VecDeque;

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use toycoin_core::PublicKey;
use toycoin_light::machine::{Event, Input, LightMachine, Output};

use super::client::{Command, LightStatus};
use crate::{
    limits::DRIVER_QUEUE,
    machine::Machine,
    rt::{
        MeshEvent,
        clock::Clock,
        wires::{RelayMessage, WireEvent, Wires},
    },
};

/// The machine with what it talks through.
#[derive(Debug)]
pub(super) struct Driver {
    machine: LightMachine,
    clock: Clock,
    wires: Wires,
    events: mpsc::Sender<Event>,
    waiting: VecDeque<Event>,
}

/// What comes next.
enum Next {
    /// `None` once the handle is dropped.
    Command(Option<Command>),
    Message(RelayMessage),
    Mesh(MeshEvent),
    Timeout,
    /// An event was taken.
    Taken,
}

impl Driver {
    pub(super) fn new(machine: LightMachine, clock: Clock, wires: Wires, events: mpsc::Sender<Event>) -> Self {
        Self { machine, clock, wires, events, waiting: VecDeque::new() }
    }

    /// Runs until the handle is dropped.
    pub(super) async fn run(
        mut self,
        owners: Vec<(PublicKey, u64)>,
        mut messages: mpsc::Receiver<RelayMessage>,
        mut commands: mpsc::Receiver<Command>,
    ) {
        for (owner, birthday) in owners {
            self.tell(Input::Watch { owner, birthday });
        }
        loop {
            self.drain();
            let timeouts = [self.wires.next_timeout(), self.machine.next_timeout()];
            let timeout = timeouts.into_iter().flatten().min().map(|at| self.clock.instant(at));
            // who does not take its events gets no new ones
            let may_hear = self.waiting.len() < DRIVER_QUEUE;
            let next = tokio::select! {
                command = commands.recv() => Next::Command(command),
                permit = self.events.reserve(), if !self.waiting.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.waiting.pop_front() {
                            permit.send(event);
                        }
                        Next::Taken
                    }
                    Err(_) => return,
                },
                Some(message) = messages.recv(), if may_hear => Next::Message(message),
                event = self.wires.mesh_event(), if may_hear => Next::Mesh(event),
                () = sleep_until(timeout.unwrap_or_else(Instant::now)), if timeout.is_some() => Next::Timeout,
            };
            let now = self.clock.now();
            match next {
                Next::Command(Some(command)) => self.obey(command),
                Next::Command(None) => return,
                Next::Message(message) => self.wires.receive(now, message),
                Next::Mesh(event) => self.wires.hear(event),
                Next::Timeout => {
                    self.wires.wake(now);
                    self.tell(Input::Timeout);
                }
                Next::Taken => {}
            }
        }
    }

    fn tell(&mut self, input: Input<'_>) {
        self.machine.handle(self.clock.now(), input);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Watch { owner, birthday } => self.tell(Input::Watch { owner, birthday }),
            Command::Pay(transaction) => self.tell(Input::Pay { transaction: *transaction }),
            Command::Forget(txid) => self.tell(Input::Forget { txid }),
            Command::Prove(txid) => self.tell(Input::Prove { txid }),
            // a caller that no longer waits needs no answer
            Command::Status(reply) => drop(reply.send(self.status())),
            Command::Save(reply) => drop(reply.send(self.machine.save())),
        }
    }

    fn status(&self) -> LightStatus {
        let (searched, confirmed) = self.machine.progress();
        LightStatus {
            tip: self.machine.tip(),
            claimed: self.machine.claimed_height(),
            searched,
            confirmed,
            servers: self.machine.servers(),
            company: self.machine.company(),
            relays: self.wires.relays(),
        }
    }

    /// Carries out the machine's outputs, and tells it what happened.
    fn drain(&mut self) {
        loop {
            while let Some(output) = self.machine.poll_output() {
                match output {
                    Output::Ask { server, payload } => self.wires.say(server.connection, Some(server.peer), payload),
                    Output::Tell { connection, payload } => self.wires.say(connection, None, payload),
                    Output::Mute { server, time, reason } => self.wires.shun(server, time, &reason),
                    Output::Emit(event) => self.waiting.push_back(event),
                }
            }
            let Some(event) = self.wires.poll() else { return };
            match event {
                WireEvent::Opened { connection } => self.tell(Input::Opened { connection }),
                WireEvent::Closed { connection } => self.tell(Input::Closed { connection }),
                WireEvent::Joined { server } => self.tell(Input::Joined { server }),
                WireEvent::Left { server } => self.tell(Input::Left { server }),
                WireEvent::Heard { server, payload } => self.tell(Input::Heard { server, payload: &payload }),
                WireEvent::Unanswered { server, question } => self.tell(Input::Unanswered { server, question }),
            }
        }
    }
}
