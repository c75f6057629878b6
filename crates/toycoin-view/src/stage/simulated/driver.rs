//! The thread of a simulated network: it keeps virtual time in step with real time, and runs errands in between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
    time::sleep_until,
};
use toycoin_node::protocol::{Request, Response};

use super::{config::SimulatedConfig, director::Director};
use crate::{
    command::{Command, Done, Refusal},
    hub::Hub,
};

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(25);

/// Virtual time that is run at once, before errands have their turn.
const SLICE: Duration = Duration::from_millis(20);

/// Most real time that a frame makes up for. A machine that is too slow for the speed falls behind, and stays usable.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Something that others ask of the simulation's thread.
#[derive(Debug)]
pub(super) enum Errand {
    /// Carry out a command.
    Command { command: Command, reply: oneshot::Sender<Result<Done, Refusal>> },
    /// Ask a node.
    Ask { node: usize, request: Request, reply: oneshot::Sender<Option<Response>> },
}

/// Runs the simulation until nobody can ask for anything any more.
pub(super) async fn drive(
    config: SimulatedConfig,
    hub: Arc<Hub>,
    nodes: Arc<AtomicUsize>,
    mut errands: mpsc::Receiver<Errand>,
) {
    let mut director = Director::with_hub(&config, hub);
    let mut last = Instant::now();
    // the virtual time that the clock asks for
    let mut wanted = director.now();
    loop {
        tokio::select! {
            // whoever asks waits for a slice at most
            biased;
            errand = errands.recv() => {
                let Some(errand) = errand else { return };
                run(&mut director, errand, &nodes);
                // after a pause or a step, time goes on from where it stands
                if director.clock().paused {
                    wanted = director.now();
                }
            }
            () = yield_now(), if director.now() < wanted && !director.clock().paused => {
                director.run_to(wanted.min(director.now() + SLICE));
                // a machine that is too slow for the speed falls behind
                if last.elapsed() > CATCH_UP {
                    last = Instant::now();
                    wanted = director.now();
                }
            }
            () = sleep_until((last + FRAME).into()) => {
                let passed = last.elapsed().min(CATCH_UP);
                last = Instant::now();
                let clock = director.clock();
                if !clock.paused {
                    wanted = wanted.max(director.now()) + passed.mul_f64(clock.speed);
                }
            }
        }
    }
}

fn run(director: &mut Director, errand: Errand, nodes: &AtomicUsize) {
    // whoever asked may have gone
    match errand {
        Errand::Command { command, reply } => {
            let done = director.command(command);
            // whoever learns of a node may ask for it at once
            nodes.store(director.nodes(), Ordering::Release);
            drop(reply.send(done));
        }
        Errand::Ask { node, request, reply } => drop(reply.send(director.ask(node, request))),
    }
}
