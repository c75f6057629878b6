//! Shows what nodes say to each other, and says nothing itself.
//!
//!     cargo run --release --example listener
//!     cargo run --release --example listener -- --json --count 10

#![allow(clippy::print_stdout, reason = "what a program prints is its result")]

use std::{
    error::Error,
    io::{Write as _, stdout},
    process::ExitCode,
};

use clap::Parser;
use toycoin_examples::{arguments::Meeting, describe::describe, exit, init_logs, interrupted};
use toycoin_node::rt::{Heard, Listener};

/// Shows what passes on a channel.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    meeting: Meeting,
    /// End after so many messages.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    exit(run(&arguments))
}

#[tokio::main(flavor = "current_thread")]
async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    tokio::select! {
        signal = interrupted() => Ok(signal?),
        result = listen(arguments) => result,
    }
}

async fn listen(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Meeting { relay, channel } = &arguments.meeting;
    let mut listener = Listener::new(relay.clone(), channel.clone(), "listener");
    let (mut joined, mut seen) = (false, 0);
    while arguments.count.is_none_or(|count| seen < count) {
        match listener.next().await {
            Some(Heard::Ready) => {
                joined = true;
                eprintln!("listening on {relay}");
            }
            Some(Heard::Message { from, payload }) => {
                seen += 1;
                // whoever reads may have gone, `| head` for one
                if writeln!(stdout(), "{}", describe(from, &payload, arguments.json)).is_err() {
                    return Ok(());
                }
            }
            Some(Heard::Lagged { count }) => eprintln!("too slow, {count} messages were not seen"),
            Some(Heard::Failed { reason }) if joined => eprintln!("lost the relay ({reason}), trying again"),
            Some(Heard::Failed { reason }) => {
                let hint = "`cargo run --release --example relay` starts one";
                return Err(format!("cannot reach a relay at {relay}: {reason}; {hint}").into());
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(())
}
