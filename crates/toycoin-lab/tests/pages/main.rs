//! The pages in docs/attacks show what the attacks measure at a fixed seed, and theory agrees with it.

mod page;

use std::{env, sync::atomic::AtomicBool, thread::available_parallelism};

use toycoin_lab::{Attack, Measure, Row, attacks::catalogue, output::Table};

use self::page::{find, shown, with_table};

/// The seed of all tables in the pages.
const SEED: u64 = 1;

/// Returns the rows of an attack's page.
fn rows(attack: &dyn Attack) -> Vec<Row> {
    let (stop, threads) = (AtomicBool::new(false), available_parallelism().map_or(2, usize::from));
    let measure = Measure { threads, stop: &stop, done: &|_| () };
    let row = |(setting, trials)| {
        let outcomes = measure.outcomes(attack, &setting, SEED, 0..trials);
        Row::of(attack, &setting, &outcomes.unwrap_or_else(|error| panic!("{}: {error}", attack.name())))
    };
    attack.table().into_iter().map(row).collect()
}

/// With `TOYCOIN_UPDATE_BOOK=1` the pages are written instead of compared, and `TOYCOIN_ATTACK` names one attack.
#[test]
fn each_page_shows_what_its_attack_measures() {
    let (mut wrong, updates) = (Vec::new(), env::var_os("TOYCOIN_UPDATE_BOOK").is_some());
    let only = env::var("TOYCOIN_ATTACK").ok();
    for attack in catalogue().iter().filter(|attack| only.as_ref().is_none_or(|name| name == attack.name())) {
        let rows = rows(*attack);
        for row in rows.iter().filter(|row| !row.agrees() || !row.compared) {
            wrong.push(format!("theory does not agree with {}: {row:#?}", attack.name()));
        }
        let table = Table { attack: *attack, rows: &rows }.to_string();
        let Some((path, text)) = find(attack.name()) else {
            wrong.push(format!("no page of docs/attacks has the line <!-- lab {} -->", attack.name()));
            continue;
        };
        if updates {
            std::fs::write(&path, with_table(&text, attack.name(), &table)).expect("the page can be written");
        } else if shown(&text, attack.name()) != Some(table.as_str()) {
            wrong.push(format!("{} does not show this table:\n{table}", path.display()));
        }
        if let Some(line) = table.lines().find(|line| line.chars().count() > 80) {
            wrong.push(format!("{}: a line has more than 80 columns: {line}", attack.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
