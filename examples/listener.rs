//! Shows the messages between nodes, and asks for what it lacks to rebuild compact blocks.
//!
//!     cargo run --release --example listener
//!     cargo run --release --example listener -- --verbose
//!     cargo run --release --example listener -- --json --count 10
//!
//! A line has the sender, the kind of message, its size in bytes and what it says. Whoever publishes blocks is named as
//! they name their miner (`node --name`); of others the first digits of their id are shown.

use std::{error::Error, process::ExitCode, time::Duration};

use clap::Parser;
use toycoin_examples::{
    arguments::{Meeting, NetworkChoice, number},
    describe::{describe, left_out},
    exit, init_logs, interrupted,
    lines::{Kind, Lines},
    look::LookArguments,
    names::Names,
    say, tell,
    viewing::ViewArguments,
    words,
};
use toycoin_node::{Listener, ListenerEvent, log_limiter::Omitted};
use toycoin_wire::NodeMessage;

/// Most messages of one kind that are shown at once.
const LINES: u32 = 50;
/// Time after which one more message of a kind may be shown.
const REFILL: Duration = Duration::from_millis(200);

/// Shows the messages on a channel.
#[derive(Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    #[command(flatten)]
    meeting: Meeting,
    #[command(flatten)]
    network: NetworkChoice,
    /// End after this many messages.
    #[arg(long, value_name = "N", value_parser = number::<u64>(..))]
    count: Option<u64>,
    /// Print one JSON object per line.
    #[arg(long)]
    json: bool,
    /// Show whole headers.
    #[arg(long, conflicts_with = "json")]
    verbose: bool,
    /// Show every message, not at most 50 of a kind at once and 5 per second.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    look: LookArguments,
    #[command(flatten)]
    view: ViewArguments,
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
    let (params, look, mut names) = (arguments.network.params()?, arguments.look.look(), Names::default());
    arguments.view.check("listener")?;
    #[cfg(feature = "view")]
    let heard = toycoin_view::stage::Heard::new(params.clone())?;
    // dropped at the end, and its page with it
    #[cfg(feature = "view")]
    let _page = arguments.view.serve(heard.stage(), None).await?;
    let (mut joined, mut seen) = (false, 0);
    let (mut messages, mut troubles) = (Lines::with_rate(LINES, REFILL), Lines::default());
    while arguments.count.is_none_or(|count| seen < count) {
        let event = tokio::select! {
            event = listener.next() => event,
            (kind, omitted) = messages.report() => {
                let line = if arguments.json { left_out(kind, omitted) } else { format!("{kind}{omitted}") };
                say!("{line}");
                continue;
            }
        };
        match event {
            Some(ListenerEvent::Ready) => {
                if let Some(line) = troubles.line(Kind::Other("connections"), format_args!("listening on {relay}")) {
                    tell!("{line}");
                }
                joined = true;
            }
            // a block that was rebuilt is shown as if it had come whole
            Some(event @ (ListenerEvent::Message { .. } | ListenerEvent::Block { .. })) => {
                let (from, payload) = match event {
                    ListenerEvent::Message { from, payload } => (from, payload.to_vec()),
                    ListenerEvent::Block { from, block } => (from, NodeMessage::Block(*block).encode()?),
                    _ => continue,
                };
                #[cfg(feature = "view")]
                heard.tell(from, &payload);
                let message = describe(from, &payload);
                if let Some(block) = message.block() {
                    names.learn(from, block);
                }
                let omitted = if arguments.all { Some(Omitted::default()) } else { messages.admit(message.kind()) };
                let Some(omitted) = omitted else { continue };
                seen += 1;
                let name = names.of(from);
                if arguments.json {
                    say!("{}", message.json(&name, omitted, &params));
                    continue;
                }
                message.lines(&name, omitted, look).iter().for_each(|line| say!("{line}"));
                if arguments.verbose {
                    message.headers().iter().for_each(|line| say!("{line}"));
                }
            }
            Some(ListenerEvent::Lagged { count }) => {
                let line = format_args!("too slow: {} not seen", words::count(count, "message"));
                if let Some(line) = troubles.line(Kind::Other("gaps"), line) {
                    tell!("{line}");
                }
            }
            Some(ListenerEvent::Failed { reason }) if joined => {
                let line = format_args!("lost the relay ({reason}), trying again");
                if let Some(line) = troubles.line(Kind::Other("losses"), line) {
                    tell!("{line}");
                }
            }
            Some(ListenerEvent::Failed { reason }) => {
                let hint = "`cargo run --release --example relay` starts one";
                return Err(format!("cannot reach a relay at {relay}: {reason}; {hint}").into());
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(())
}
