//! Makes payments between the four classroom wallets, and waits for each payment's confirmation.
//!
//!     cargo run --release --example oracle
//!     cargo run --release --example oracle -- --payments 5

use std::{error::Error, process::ExitCode, time::Duration};

use clap::Parser;
use tokio::sync::broadcast::error::RecvError;
use toycoin_core::FeeRate;
use toycoin_examples::{
    arguments::{NetworkChoice, number},
    classroom::{Choices, Classroom, name_of},
    columns::wrap,
    fees, init_logs, interrupted,
    joining::{catch_up, warn},
    look::{ColourChoice, Look},
    meshing::ClientMeeting,
    say,
    usage::Usage,
};
use toycoin_node::{NodeHandle, protocol::Event};

/// Makes payments between the classroom wallets.
#[derive(Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    #[command(flatten)]
    meeting: ClientMeeting,
    #[command(flatten)]
    network: NetworkChoice,
    /// Shortest time between a confirmation and the next payment, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = number::<u64>(..))]
    min_interval: u64,
    /// Longest time between a confirmation and the next payment, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 3_000, value_parser = number::<u64>(..))]
    max_interval: u64,
    /// While joining, give up with exit code 3 after this long without verified progress.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = number::<u64>(1..=86_400))]
    patience: u64,
    /// End after this many payments.
    #[arg(long, value_name = "N", value_parser = number::<u64>(..))]
    payments: Option<u64>,
    /// Fee rate for the miner; by default the lowest that nodes accept, or 5000 where they accept any.
    #[arg(long, value_name = "GRAINS_PER_BYTE", value_parser = number::<u64>(..))]
    fee_rate: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    toycoin_examples::run(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let params = arguments.network.params()?;
    if !params.spec().allocations.iter().any(|output| name_of(output.owner).is_some()) {
        let name = &params.spec().name;
        return Err(format!("network {name} has no classroom coins; use --network lab or regtest").into());
    }
    if arguments.min_interval > arguments.max_interval {
        return Err(Usage::new("--min-interval must not be above --max-interval".to_owned()).into());
    }
    let node = arguments.meeting.node(params, "oracle").await?.spawn().await?;
    tokio::select! {
        signal = interrupted() => signal?,
        result = pay(&node, arguments) => result?,
    }
    Ok(node.shutdown().await?)
}

async fn pay(node: &NodeHandle, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed)?;
    let mut choices = Choices::new(u64::from_le_bytes(seed));
    let patience = Duration::from_secs(arguments.patience);
    arguments.meeting.wait(node, patience).await?;
    catch_up(node, patience).await?;
    tokio::spawn(warn(node.events()));
    // the wallets learn what others have paid meanwhile only from the chain
    let mut events = node.events();
    if node.status().await?.tip.height == 0 {
        say!("waiting for the first block");
        loop {
            match events.recv().await {
                Ok(Event::TipChanged { .. }) => break,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err("the node has stopped".into()),
            }
        }
    }
    let fee_rate = arguments.fee_rate.map_or_else(|| fees::usual(node.params()), FeeRate::grains_per_byte);
    let mut classroom = Classroom::open(node.clone(), fee_rate).await?;
    let look = Look::of_stdout(ColourChoice::Never);
    for count in 1..=arguments.payments.unwrap_or(u64::MAX) {
        let payment = classroom.pay_somebody(&mut choices).await?;
        say!("payment {count}: {}", payment.said(look));
        match classroom.confirmation(&payment).await? {
            Ok(confirmed) => {
                let line = format!("confirmed in block {}; {}", confirmed.height, classroom.balances());
                wrap("  ", &line).iter().for_each(|line| say!("{line}"));
            }
            Err(reason) => {
                let line = format!("not confirmed, {reason}; its coins are back");
                wrap("  ", &line).iter().for_each(|line| say!("{line}"));
            }
        }
        let spread = (arguments.max_interval - arguments.min_interval).saturating_add(1);
        let wait = arguments.min_interval.saturating_add(choices.below(spread));
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    Ok(())
}
