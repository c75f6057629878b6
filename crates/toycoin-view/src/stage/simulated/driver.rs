//! The thread of a simulated stage: it keeps virtual time in step with real time, and runs errands in between.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{self, Runtime},
    sync::{mpsc, oneshot},
    task::yield_now,
    time::sleep_until,
};
use toycoin_node::protocol::{Request, Response};

use super::{director::Director, play::Play, shared::Shared};
use crate::command::{Command, Done, Refusal};

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(25);

/// Virtual time that is run at once, before errands have their turn.
const SLICE: Duration = Duration::from_millis(20);

/// Most real time that a frame makes up for. A machine that is too slow for the speed falls behind, and stays usable.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Where the answer to a command goes.
pub(super) type Reply = oneshot::Sender<Result<Done, Refusal>>;

/// Something that others ask of the simulation's thread.
#[derive(Debug)]
pub(super) enum Errand {
    /// Carry out a command.
    Command { command: Command, reply: Reply },
    /// Ask a node.
    Ask { node: usize, request: Request, reply: oneshot::Sender<Option<Response>> },
}

/// Why a network is not moved any more.
#[derive(Debug)]
pub(super) enum Ending {
    /// It has come to the time that was wanted.
    Reached,
    /// Something else is to be shown. Whoever asked for it gets a reply once it is.
    Change(Play, Reply),
    /// Nobody can ask for anything any more.
    Gone,
}

/// Moves networks in step with real time.
#[derive(Debug)]
pub(super) struct Driver {
    runtime: Runtime,
    errands: mpsc::Receiver<Errand>,
    shared: Arc<Shared>,
    /// When the clock was looked at last.
    last: Instant,
    /// The virtual time that the clock asks for.
    wanted: Duration,
    /// Who waits for a step that has met the director's limit. The next drive goes on with it before anything else.
    stepping: Option<Reply>,
}

impl Driver {
    /// Returns a driver that runs these errands.
    ///
    /// # Errors
    /// When the system provides no timer.
    pub(super) fn new(errands: mpsc::Receiver<Errand>, shared: Arc<Shared>) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Self { runtime, errands, shared, last: Instant::now(), wanted: Duration::ZERO, stepping: None })
    }

    /// Sets the clock back, for another network.
    pub(super) fn reset(&mut self) {
        (self.last, self.wanted) = (Instant::now(), Duration::ZERO);
    }

    /// Moves a director's network up to its limit, in step with real time, and runs errands in between.
    pub(super) fn drive(&mut self, director: &mut Director) -> Ending {
        let Self { runtime, errands, shared, last, wanted, stepping } = self;
        runtime.block_on(async {
            director.step_on();
            if !director.is_stepping()
                && let Some(reply) = stepping.take()
            {
                // whoever asked may have gone
                drop(reply.send(Ok(Done::Done)));
            }
            loop {
                if director.now() >= director.limit {
                    return Ending::Reached;
                }
                tokio::select! {
                    // whoever asks waits for a slice at most
                    biased;
                    errand = errands.recv() => {
                        let Some(errand) = errand else { return Ending::Gone };
                        match run(director, errand, shared) {
                            After::Answered => {}
                            After::Steps(reply) => *stepping = Some(reply),
                            After::Change(play, reply) => return Ending::Change(play, reply),
                        }
                        // after a pause or a step, time goes on from where it stands
                        if director.clock().paused {
                            *wanted = director.now();
                        }
                    }
                    () = yield_now(), if director.now() < *wanted && !director.clock().paused => {
                        director.run_to((*wanted).min(director.now() + SLICE));
                        // a machine that is too slow for the speed falls behind
                        if last.elapsed() > CATCH_UP {
                            *last = Instant::now();
                            *wanted = director.now();
                        }
                    }
                    () = sleep_until((*last + FRAME).into()) => {
                        let passed = last.elapsed().min(CATCH_UP);
                        *last = Instant::now();
                        let clock = director.clock();
                        if !clock.paused {
                            *wanted = (*wanted).max(director.now()) + passed.mul_f64(clock.speed);
                        }
                    }
                }
            }
        })
    }
}

/// What is left of an errand that was run.
enum After {
    /// Nothing.
    Answered,
    /// A step that is not done yet.
    Steps(Reply),
    /// Something else is to be shown.
    Change(Play, Reply),
}

/// Runs an errand.
fn run(director: &mut Director, errand: Errand, shared: &Shared) -> After {
    // whoever asked may have gone
    match errand {
        Errand::Command { command, reply } => {
            let done = match Play::asked_for(&command, director.is_trial()) {
                Some(Ok(play)) => return After::Change(play, reply),
                Some(Err(refusal)) => Err(refusal),
                None => director.command(command),
            };
            // whoever learns of a node may ask for it at once
            shared.set_nodes(director.nodes());
            if done.is_ok() && director.is_stepping() {
                return After::Steps(reply);
            }
            drop(reply.send(done));
        }
        Errand::Ask { node, request, reply } => drop(reply.send(director.ask(node, request))),
    }
    After::Answered
}
