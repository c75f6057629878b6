//! The stage that the arguments ask for.

use std::{error::Error, io, path::Path, time::Duration};

use toycoin_core::ChainParams;
use toycoin_examples::{pace::throttle_for, say, signals::is_signalled};
#[cfg(feature = "attacks")]
use toycoin_view::command::{Command, Refusal};
use toycoin_view::{
    View, ViewBuilder,
    stage::{
        live::{Live, LiveConfig},
        simulated::{Simulated, SimulatedConfig},
    },
};

use crate::{
    arguments::Arguments,
    outcome::{cannot_record, open_record, page_place, recorder, save_page},
};

/// Sets up the view of what is to be shown.
///
/// # Errors
/// If the record cannot be read, or the network cannot be started.
pub(crate) async fn view(arguments: &Arguments) -> Result<ViewBuilder, Box<dyn Error>> {
    if let Some(file) = &arguments.replay {
        return Ok(View::builder(open_record(file)?));
    }
    if arguments.live {
        let params = ChainParams::lab();
        let throttle = throttle_for(&params, u32::try_from(arguments.nodes)?);
        let config = LiveConfig::new(params).nodes(arguments.nodes).throttle(throttle);
        let live = Live::start(config.payments_per_second(arguments.payments)).await;
        let live = live.map_err(|error| error as Box<dyn Error>)?;
        let stats = live.relay_stats();
        return Ok(View::builder(live).relay(stats));
    }
    let stage = Simulated::start(simulated(arguments))?;
    #[cfg(feature = "attacks")]
    if let Some(request) = arguments.attack() {
        stage.command(Command::Attack(request)).await.map_err(unfit)?;
    }
    Ok(View::builder(stage))
}

/// Ends the program where an attack has no such name, parameter or value, as for any argument that makes no sense.
#[cfg(feature = "attacks")]
fn unfit(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Unfit(text) => Arguments::refuse(&text),
        other => other,
    }
}

/// Records a simulated network, or saves a page, as fast as possible. A signal ends a record early.
///
/// # Errors
/// If a file cannot be read or written.
pub(crate) async fn without_page(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let place = page_place(arguments)?;
    if let Some(file) = &arguments.record {
        let time = arguments.time().unwrap_or(Duration::ZERO);
        record(arguments, time, file).map_err(|error| cannot_record(file, &error))?;
        let file = file.display();
        if is_signalled() {
            say!("interrupted: what happened until then is recorded in {file}");
        } else {
            say!("at most {} virtual seconds are recorded in {file}", time.as_secs());
        }
    }
    save_page(arguments, place).await
}

/// Records what the arguments ask for, at most for a virtual time.
fn record(arguments: &Arguments, time: Duration, file: &Path) -> io::Result<()> {
    // signals have a thread of their own, so they come although this one is busy
    let goes_on = || !is_signalled();
    #[cfg(feature = "attacks")]
    if let Some(request) = arguments.attack() {
        let recorded = Simulated::record_attack(&request, time, || recorder(file), goes_on);
        return recorded.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => Arguments::refuse(&error.to_string()),
            _ => error,
        });
    }
    Simulated::record(&simulated(arguments), time, recorder(file)?, goes_on)
}

fn simulated(arguments: &Arguments) -> SimulatedConfig {
    SimulatedConfig::new(arguments.seed)
        .nodes(arguments.nodes)
        .spacing(Duration::from_millis(arguments.spacing))
        .payments_per_second(arguments.payments)
}
