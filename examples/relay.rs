//! The relay that all other programs connect to.
//!
//!     cargo run --release --example relay
//!     cargo run --release --example relay -- --listen 0.0.0.0:25000
//!
//! It forwards what its clients publish and inspects none of it. Stop it with Ctrl-C; the clients reconnect when it is
//! back. `RUST_LOG=toycoin_node=debug` shows who connects and disconnects.

use std::{error::Error, net::SocketAddr, process::ExitCode};

use clap::Parser;
use toycoin_examples::{arguments::listen_address, exit, init_logs, say, signalled};
use toycoin_node::{RelayServer, relay::RelayConfig};

/// Forwards what clients publish to all subscribers.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:25000", value_parser = listen_address)]
    listen: SocketAddr,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    exit(run(&arguments))
}

#[tokio::main(flavor = "current_thread")]
async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let listen = arguments.listen;
    let relay = RelayServer::bind(listen, RelayConfig::default())
        .map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    say!("relay listening on {}", relay.local_addr());
    let mut signal = Ok(());
    // whoever read the first line may have gone, and the clients need the relay all the same
    let stats = relay.run(async { signal = signalled().await }).await?;
    signal?;
    say!("relay stopped: {} messages published, {} delivered", stats.published, stats.delivered);
    Ok(())
}
