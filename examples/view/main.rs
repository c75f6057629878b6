//! A network in a page: watch it, part it, heal it, pause it, rewind it.
//!
//!     cargo run --release --example view
//!     cargo run --release --example view -- --nodes 10 --seed 7
//!     cargo run --release --example view -- --live
//!     cargo run --release --example view -- --seed 7 --record lesson.jsonl --for 120 --headless
//!     cargo run --release --example view -- --replay lesson.jsonl
//!     cargo run --release -p toycoin-view-example --features attacks --example view -- --attack double-spend
//!
//! By default the network is simulated: the real nodes under virtual time, which can be paused and stepped. With
//! `--live`, nodes mine and meet over sockets. With the feature `attacks`, the page has a button that shows an attack
//! of the attack lab. Open the link that it prints; stop it with Ctrl-C.

mod arguments;
mod outcome;
mod stage;

use std::{
    error::Error,
    io::{self, ErrorKind},
    process::ExitCode,
};

use toycoin_examples::{columns::wrap, init_logs, say, signalled, usage::Usage};

use crate::{
    arguments::Arguments,
    outcome::{cannot_record, end_of_time, page_place, record_to, save_page, warn_of_failure},
    stage::{view, without_page},
};

fn main() -> ExitCode {
    let arguments = Arguments::parse_consistent();
    init_logs();
    toycoin_examples::run(run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.headless {
        return without_page(&arguments).await;
    }
    let place = page_place(&arguments)?;
    if let Some(directory) = arguments.web.as_deref().filter(|directory| !directory.is_dir()) {
        let text = format!("--web {}: there is no such directory", directory.display());
        return Err(Usage::new(text).into());
    }
    let mut builder = view(&arguments).await?;
    for host in &arguments.allow_host {
        builder = builder.allow_host(host);
    }
    if let Some(directory) = &arguments.web {
        builder = builder.web_dir(directory);
    }
    let addr = arguments.addr;
    let cannot = |error: io::Error| -> Box<dyn Error> {
        match error.kind() {
            ErrorKind::InvalidInput => Usage::new(error.to_string()).into(),
            _ => format!("cannot serve the page on {addr}: {error}; --addr 127.0.0.1:0 takes a free port").into(),
        }
    };
    let view = builder.serve(addr).await.map_err(cannot)?;
    // only now, so that a port that is taken costs no earlier record
    if let Some(file) = &arguments.record {
        record_to(view.hub(), file)?;
    }
    wrap("", "open this link to watch and steer the network:").iter().for_each(|line| say!("{line}"));
    say!("{}", view.url());
    wrap("", "this one lets others watch, and steer nothing:").iter().for_each(|line| say!("{line}"));
    say!("{}", view.watch_url());
    if arguments.open {
        outcome::open(&view.url());
    }
    let hub = view.hub().clone();
    tokio::select! {
        signalled = signalled() => signalled?,
        () = end_of_time(&hub, arguments.time()) => {}
        never = warn_of_failure(&hub, arguments.record.as_deref()) => match never {},
    }
    view.shutdown().await;
    if let Some(file) = &arguments.record {
        hub.end_record().map_err(|error| cannot_record(file, &error))?;
    }
    save_page(&arguments, place).await
}
