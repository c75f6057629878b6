//! Shows what nodes say to each other, and says nothing itself.
//!
//!     cargo run --release --example listener
//!     cargo run --release --example listener -- --json --count 10

#![allow(clippy::print_stdout, reason = "what a program prints is its result")]

use std::{error::Error, process::ExitCode};

use clap::Parser;
use tokio::sync::mpsc;
use toycoin_examples::{exit, init_logs, interrupted, view::short};
use toycoin_node::{
    client::{ClientEvent, RelayClient},
    machine::{Monotonic, Now},
    rt::{TransportEvent, transport},
};
use toycoin_wire::{Channel, NodeId, NodeMessage, Payload};

/// Shows what passes on a channel.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The relay.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:25000")]
    relay: String,
    /// The channel.
    #[arg(long, value_name = "NAME", default_value = "/topic/main")]
    channel: Channel,
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
    let (sender, mut events) = mpsc::channel(64);
    let (handle, task) = transport(arguments.relay.clone(), || 0, sender, |event| event);
    tokio::spawn(task);
    let begun = std::time::Instant::now();
    let mut client: Option<RelayClient> = None;
    let mut seen = 0;
    loop {
        let due = client
            .as_ref()
            .and_then(RelayClient::next_timeout)
            .map_or(begun.elapsed().saturating_mul(2), Monotonic::since_origin);
        let event = tokio::select! {
            event = events.recv() => event,
            () = tokio::time::sleep_until((begun + due).into()), if client.is_some() => None,
        };
        let now = Now { monotonic: Monotonic::new(begun.elapsed()), unix_ms: 0 };
        match event {
            Some(TransportEvent::Connected { connection }) => {
                let mut id = [0; 16];
                getrandom::fill(&mut id)?;
                let mut fresh = RelayClient::new(now, NodeId::new(id), "listener", vec![arguments.channel.clone()])?;
                if let Some(hello) = fresh.take_output() {
                    handle.send(connection, hello)?;
                }
                client = Some(fresh);
            }
            Some(TransportEvent::Received { connection, bytes }) => {
                let Some(open) = &mut client else { continue };
                let mut lines = Vec::new();
                let result = open.handle_bytes(now, &bytes, &mut |event| match event {
                    ClientEvent::Ready => eprintln!("listening on {}", arguments.relay),
                    ClientEvent::Delivered { from, payload, .. } => lines.push(describe(from, payload, arguments.json)),
                    _ => {}
                });
                while let Some(bytes) = open.take_output() {
                    handle.send(connection, bytes)?;
                }
                for line in lines {
                    println!("{line}");
                    seen += 1;
                    if arguments.count.is_some_and(|count| seen >= count) {
                        return Ok(());
                    }
                }
                if let Err(error) = result {
                    eprintln!("{error}");
                    handle.close(connection);
                }
            }
            Some(TransportEvent::Disconnected { reason, .. }) => {
                eprintln!("lost the relay ({reason}), trying again");
                client = None;
            }
            None => {
                if let Some(open) = &mut client
                    && open.handle_timeout(now).is_err()
                {
                    client = None;
                }
            }
        }
    }
}

/// Returns a message in one line.
fn describe(from: NodeId, payload: &[u8], json: bool) -> String {
    let (kind, text) = match NodeMessage::decode(payload) {
        Ok(Payload::Message(message)) => (message.tag().to_string(), in_words(&message)),
        Ok(_) => ("unknown".into(), format!("{} bytes", payload.len())),
        Err(error) => ("malformed".into(), error.to_string()),
    };
    if json {
        let line =
            serde_json::json!({ "from": from.to_string(), "kind": kind.trim(), "bytes": payload.len(), "text": text });
        return line.to_string();
    }
    format!("{}  {kind}  {text}", &from.to_string()[..8])
}

fn in_words(message: &NodeMessage) -> String {
    match message {
        NodeMessage::Status(status) => format!("height {}, tip {}", status.height, short(&status.tip)),
        NodeMessage::Transaction(tx) => {
            let paid: toycoin_core::Amount = tx.outputs.iter().map(|output| output.value).sum();
            format!(
                "{}, {} inputs, {paid} in {} outputs",
                &tx.txid().to_string()[..10],
                tx.inputs.len(),
                tx.outputs.len()
            )
        }
        NodeMessage::Block(block) => {
            format!("height {}, {}, {} payments", block.header.height, short(&block.hash()), block.transactions.len())
        }
        NodeMessage::GetHeaders(request) => format!("after one of {} blocks", request.locator.len()),
        NodeMessage::Headers(headers) => format!("{} headers", headers.len()),
        NodeMessage::GetBlocks(hashes) => format!("{} blocks wanted", hashes.len()),
        NodeMessage::NotFound(hashes) => format!("{} not held", hashes.len()),
        NodeMessage::GetTransactions(txids) => format!("{} payments wanted", txids.len()),
        NodeMessage::Reject(reject) => format!("rule {}: {}", reject.rule, reject.text.escape_debug()),
    }
}
