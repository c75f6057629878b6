//! Which network to show, and how.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Parser, error::ErrorKind};
use toycoin_examples::{arguments::number, place::is_one_file, usage::refuse};
#[cfg(feature = "attacks")]
use toycoin_view::attack::AttackRequest;

/// Shows a network of toycoin in a page: watch it, part it, heal it, rewind it.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80)]
pub(crate) struct Arguments {
    /// Number of nodes.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = number::<usize>(1..=32))]
    pub(crate) nodes: usize,
    /// Seed of the simulated network; equal seeds show the same.
    #[arg(long, value_name = "N", default_value_t = 7, conflicts_with_all = ["live", "replay"], value_parser = number::<u64>(..))]
    pub(crate) seed: u64,
    /// Mean time between two blocks of the simulated network, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 4_000, conflicts_with_all = ["live", "replay"], value_parser = number::<u64>(100..=3_600_000))]
    pub(crate) spacing: u64,
    /// Payments per second, from 0 to 100.
    #[arg(long, value_name = "RATE", default_value_t = 1.0, value_parser = rate)]
    pub(crate) payments: f64,
    /// Show nodes that really mine and meet over sockets, in place of a simulation.
    #[arg(long)]
    pub(crate) live: bool,
    /// Show a record in place of a network.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["live", "record"])]
    pub(crate) replay: Option<PathBuf>,
    /// Write all events to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// At the end, write the page with all that it showed into one file, which opens without this program.
    #[arg(long, value_name = "OUT.html")]
    pub(crate) save_page: Option<PathBuf>,
    /// End after this time; virtual time for a simulated network.
    #[arg(long = "for", value_name = "SECONDS", conflicts_with = "replay", value_parser = number::<u64>(1..=86_400))]
    pub(crate) seconds: Option<u64>,
    /// Serve no page: only record, or save a page, as fast as possible.
    #[arg(long, conflicts_with_all = ["live", "open", "allow_host", "web"])]
    pub(crate) headless: bool,
    /// Begin with a trial of this attack of the attack lab; docs/attacks tells each of them.
    #[cfg(feature = "attacks")]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["live", "replay"])]
    pub(crate) attack: Option<String>,
    /// Set a parameter of the attack, such as q=0.3; may be repeated.
    #[cfg(feature = "attacks")]
    #[arg(long, value_name = "NAME=VALUE", requires = "attack", value_parser = setting)]
    pub(crate) set: Vec<(String, f64)>,
    /// Defence against the attack.
    #[cfg(feature = "attacks")]
    #[arg(long, value_name = "NAME", requires = "attack")]
    pub(crate) defence: Option<String>,
    /// Address to serve the page on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    pub(crate) addr: SocketAddr,
    /// Name or address by which other machines call this one; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// Open the page in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Read the page's files from this directory, while the page is developed.
    #[arg(long, value_name = "DIR")]
    pub(crate) web: Option<PathBuf>,
}

impl Arguments {
    /// Parses the arguments; on an error, prints it and ends the program.
    pub(crate) fn parse_consistent() -> Self {
        let arguments = Self::parse();
        let wrong = |message: &str| refuse::<Self>(ErrorKind::ArgumentConflict, message);
        if arguments.headless && arguments.record.is_none() && arguments.save_page.is_none() {
            wrong("--headless shows nothing: add --record FILE or --save-page OUT.html");
        }
        if arguments.headless && arguments.replay.is_none() && arguments.seconds.is_none() {
            wrong("--headless needs an end: add --for SECONDS");
        }
        if arguments.save_page.is_some() && arguments.replay.is_none() && arguments.record.is_none() {
            wrong("--save-page needs a record to show: add --record FILE, or --replay one");
        }
        let record = arguments.record_file();
        if record.zip(arguments.save_page.as_deref()).is_some_and(|(record, page)| is_one_file(record, page)) {
            wrong("--save-page would write over the record that it shows: give it another file");
        }
        arguments
    }

    /// Ends the program because of an argument whose value makes no sense.
    #[cfg(feature = "attacks")]
    pub(crate) fn refuse(message: &str) -> ! {
        refuse::<Self>(ErrorKind::InvalidValue, message)
    }

    /// Returns the file of the record that is shown or made.
    pub(crate) fn record_file(&self) -> Option<&Path> {
        self.replay.as_deref().or(self.record.as_deref())
    }

    /// Returns the trial of an attack with which to begin. It has the seed of the network.
    #[cfg(feature = "attacks")]
    pub(crate) fn attack(&self) -> Option<AttackRequest> {
        let mut request = AttackRequest::new(self.attack.as_deref()?);
        request.set = self.set.iter().cloned().collect();
        request.defence = self.defence.clone();
        request.seed = Some(self.seed);
        Some(request)
    }

    /// Returns the time after which the program ends.
    pub(crate) fn time(&self) -> Option<Duration> {
        self.seconds.map(Duration::from_secs)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.0..=100.0).contains(rate));
    rate.ok_or_else(|| "a number from 0 to 100 is wanted, such as 0.5".to_owned())
}

#[cfg(feature = "attacks")]
fn setting(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("a name and a value are wanted, such as q=0.3")?;
    let value = value.parse().map_err(|_| format!("{value:?} is no number; give one, such as q=0.3"))?;
    Ok((name.to_owned(), value))
}
