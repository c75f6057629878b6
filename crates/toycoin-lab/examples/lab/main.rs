//! Runs famous attacks against real nodes, with the theory's number beside the measured one.
//!
//! ```sh
//! cargo run --release -p toycoin-lab --example lab -- double-spend --q 0.3 --z 2
//! cargo run --release -p toycoin-lab --example lab -- double-spend --sweep q=0.1:0.4:0.1
//! cargo run --release -p toycoin-lab --example lab -- rules 27
//! cargo run --release -p toycoin-lab --example lab -- --list
//! ```

mod arguments;
mod rules;
mod run;
mod write;

use std::process::ExitCode;

use toycoin_examples::{exit, say};
use toycoin_lab::attacks::catalogue;

use self::{
    arguments::{Asked, parse},
    run::run,
};

fn main() -> ExitCode {
    match parse() {
        Asked::List => {
            list();
            ExitCode::SUCCESS
        }
        Asked::Rules { rule, as_json } => {
            rules::show(rule, as_json);
            ExitCode::SUCCESS
        }
        Asked::Attack(task) => match run(&task) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => exit(Err(error)),
        },
    }
}

/// Prints the attacks with their parameters and defences.
fn list() {
    for attack in catalogue() {
        say!("{}\n    {}", attack.name(), attack.summary());
        for parameter in attack.parameters() {
            say!("    --{:<12} {}", parameter.name, parameter.what);
        }
        for defence in attack.defences() {
            say!("    defence {}: {}", defence.name, defence.what);
        }
    }
}
