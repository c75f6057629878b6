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
    loop {
        tokio::select! {
            errand = errands.recv() => {
                let Some(errand) = errand else { return };
                run(&mut director, errand);
                nodes.store(director.nodes(), Ordering::Release);
            }
            () = sleep_until((last + FRAME).into()) => {
                let passed = last.elapsed().min(CATCH_UP);
                last = Instant::now();
                let clock = director.clock();
                if !clock.paused {
                    director.run_to(director.now() + passed.mul_f64(clock.speed));
                }
            }
        }
    }
}

fn run(director: &mut Director, errand: Errand) {
    // whoever asked may have gone
    match errand {
        Errand::Command { command, reply } => drop(reply.send(director.command(command))),
        Errand::Ask { node, request, reply } => drop(reply.send(director.ask(node, request))),
    }
}
