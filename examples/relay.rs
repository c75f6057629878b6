//! The relay that all other programs connect to.
//!
//!     cargo run --release --example relay
//!     cargo run --release --example relay -- --listen 0.0.0.0:25000 --quiet
//!
//! It forwards what its clients publish and inspects none of it. It says who joins and leaves, who subscribes to what,
//! and one line per message, unless they come in a flood. Stop it with Ctrl-C; the clients reconnect when it is back.

use std::{error::Error, process::ExitCode, thread, time::Duration};

use clap::Parser;
use tokio::{runtime, sync::oneshot, time::timeout};
use toycoin_examples::{
    arguments::listen_address,
    columns::wrap,
    exit, init_logs,
    listening::listen,
    look::LookArguments,
    open_files,
    relay_lines::{Reader, RelayLines, print, read},
    say, signalled,
    viewing::ViewArguments,
    words::{count, grouped, listed},
};
use toycoin_node::relay::RelayConfig;

/// Longest wait at the end until the last lines are printed. Nobody may be reading them.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Forwards what clients publish to all subscribers, and says what happens.
#[derive(Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    /// Address to listen on; a name stands for all its addresses.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:25000", value_parser = listen_address)]
    listen: String,
    /// Print only the start, the end and warnings.
    #[arg(long)]
    quiet: bool,
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
    arguments.view.check("relay")?;
    let open_files = open_files::raise_limit();
    let default = RelayConfig::default();
    let wanted = default.connections;
    let config = RelayConfig { connections: open_files::connections(wanted, open_files), ..default };
    let mut relay = listen(&arguments.listen, &config)?;
    let addresses: Vec<_> = relay.local_addrs().iter().map(ToString::to_string).collect();
    wrap("", &format!("relay listening on {}", listed(&addresses))).iter().for_each(|line| say!("{line}"));
    open_files::room(config.connections, wanted, open_files).iter().for_each(|line| say!("{line}"));

    #[cfg(not(feature = "view"))]
    let other: Option<Reader> = None;
    // dropped at the end, and its page with it
    #[cfg(feature = "view")]
    let (_page, other) = page(&arguments.view, relay.stats_reader()).await?;
    let (done, printed) = oneshot::channel::<()>();
    let lines = (!arguments.quiet).then(|| RelayLines::new(arguments.look.look(), config.connections));
    if lines.is_some() || other.is_some() {
        let events = relay.observe();
        // a thread of its own, so that whoever does not read the lines does not hold up the relay
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        thread::Builder::new().name("lines".into()).spawn(move || {
            match lines {
                Some(lines) => runtime.block_on(print(events, lines, other)),
                None => runtime.block_on(read(events, other)),
            }
            drop(done);
        })?;
    } else {
        drop(done);
    }
    let mut signal = Ok(());
    // whoever read the first line may have gone, and the clients need the relay all the same
    let stats = relay.run(async { signal = signalled().await }).await?;
    signal?;
    if timeout(LAST_LINES, printed).await.is_ok() {
        let (published, delivered) = (count(stats.published, "message"), grouped(stats.delivered));
        say!("relay stopped: {published} published, {delivered} delivered");
    }
    Ok(())
}

/// Serves the relay's page, if it is wanted, and returns who tells it the events.
#[cfg(feature = "view")]
async fn page(
    view: &ViewArguments,
    stats: toycoin_node::RelayStatsReader,
) -> Result<(Option<toycoin_view::View>, Option<Reader>), Box<dyn Error>> {
    if view.view.is_none() {
        return Ok((None, None));
    }
    let clients = toycoin_view::stage::Clients::new()?;
    let page = view.serve(clients.stage(), Some(stats)).await?;
    Ok((page, Some(Box::new(move |event| clients.tell(event)))))
}
