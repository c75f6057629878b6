//! The arguments: one subcommand for each attack, with the attack's parameters as options.

use std::{path::PathBuf, process::exit};

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    error::{ContextKind, ContextValue, ErrorKind},
    value_parser,
};
use toycoin_core::Rule;
use toycoin_examples::{arguments::number, tell};
use toycoin_lab::{Attack, Parameter, Setting, attacks::catalogue};

/// What is asked for.
pub(crate) enum Asked {
    /// The list of attacks.
    List,
    /// An attack.
    Attack(Box<Task>),
    /// The gallery of rules, or one of them.
    Rules { rule: Option<Rule>, as_json: bool },
}

/// What to run, and how to show it.
pub(crate) struct Task {
    pub(crate) attack: &'static dyn Attack,
    /// The rows, each with its number of trials.
    pub(crate) rows: Vec<(Setting, u64)>,
    pub(crate) until: Until,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) format: Format,
    pub(crate) out: Option<PathBuf>,
    /// Whether a chart is drawn in the terminal.
    pub(crate) plot: bool,
    /// The file for a chart as SVG.
    pub(crate) svg: Option<PathBuf>,
    /// The trial whose trace is written.
    pub(crate) replay: Option<u64>,
}

/// When a row has enough trials.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After its number of trials.
    Trials,
    /// When half of the interval of its first quantity is at most this.
    Error(f64),
    /// After so many seconds.
    Seconds(f64),
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Csv,
    Json,
}

/// Parses the arguments. On an error, prints one line that says what is allowed, and ends the program with code 2.
pub(crate) fn parse() -> Asked {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => refuse(&in_one_line(&error)),
        Err(help) => help.exit(),
    };
    if matches.get_flag("list") {
        return Asked::List;
    }
    if let Some(("rules", matches)) = matches.subcommand() {
        return asked_rules(matches).unwrap_or_else(|message| refuse(&message));
    }
    let task = matches.subcommand().and_then(|(name, matches)| {
        let attack = catalogue().iter().find(|attack| attack.name() == name)?;
        Some(task(*attack, matches))
    });
    match task {
        Some(Ok(task)) => Asked::Attack(Box::new(task)),
        Some(Err(message)) => refuse(&message),
        None => refuse(&format!("an attack is wanted: {}", names())),
    }
}

/// Says what is wrong with the arguments, and ends the program.
fn refuse(message: &str) -> ! {
    tell!("error: {message}");
    exit(2);
}

/// Returns what clap says, as one line.
fn in_one_line(error: &clap::Error) -> String {
    if let (ErrorKind::InvalidSubcommand, Some(ContextValue::String(name))) =
        (error.kind(), error.get(ContextKind::InvalidSubcommand))
    {
        return format!("there is no attack {name}: there are {}", names());
    }
    let text = error.to_string();
    let what = text.split("\n\n").next().unwrap_or_default();
    what.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the names of all attacks.
fn names() -> String {
    catalogue().iter().map(|attack| attack.name()).chain(["rules"]).collect::<Vec<_>>().join(", ")
}

/// Returns which rule of the gallery is asked for.
fn asked_rules(matches: &ArgMatches) -> Result<Asked, String> {
    let as_json = match matches.get_one::<String>("format").map(String::as_str) {
        Some("table") => false,
        Some("json") => true,
        other => return Err(format!("--format is table or json, not {}", other.unwrap_or_default())),
    };
    let rule = matches.get_one::<String>("rule").map(|name| rule(name)).transpose()?;
    Ok(Asked::Rules { rule, as_json })
}

fn command() -> Command {
    let list = Arg::new("list").long("list").action(ArgAction::SetTrue).help("List the attacks with their parameters");
    let command = Command::new("lab")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Famous attacks on a blockchain, run against real nodes, beside what theory expects")
        .max_term_width(80)
        .arg(list);
    let command = catalogue().iter().fold(command, |command, attack| command.subcommand(of_attack(*attack)));
    let rule = Arg::new("rule").value_name("RULE").help("Number or name, such as 27 or ValueBalance; all by default");
    let format = Arg::new("format").long("format").value_name("FORMAT").default_value("table").help("table or json");
    let about = "For each consensus rule, the cheat that it prevents: run with the rule off, and refused with it on";
    command.subcommand(Command::new("rules").about(about).max_term_width(80).args([rule, format]))
}

/// Returns the subcommand of an attack.
fn of_attack(attack: &'static dyn Attack) -> Command {
    let command = Command::new(attack.name()).about(attack.summary()).max_term_width(80);
    let command = attack.parameters().iter().fold(command, |command, parameter| {
        let Parameter { name, what, default, range, .. } = parameter;
        let help = format!("{what}; {} to {}, by default {default}", range.start(), range.end());
        let parser = value_parser!(f64);
        command.arg(Arg::new(*name).long(*name).value_name("N").value_parser(parser).help(help))
    });
    let defences: Vec<_> = attack.defences().iter().map(|defence| defence.name).collect();
    let defences = match defences.is_empty() {
        true => "this attack has none".to_owned(),
        false => format!("all by default: {}, or none", defences.join(", ")),
    };
    let text =
        |name: &'static str, value: &'static str, help: String| Arg::new(name).long(name).value_name(value).help(help);
    let count = |name: &'static str, help: String, least: u64, most: u64| {
        text(name, "N", help).value_parser(number::<u64>(least..=most))
    };
    let positive = |name: &'static str, value: &'static str, help: &str| {
        text(name, value, help.to_owned()).value_parser(value_parser!(f64))
    };
    command
        .arg(count("trials", format!("Number of trials of each row, by default {}", attack.trials()), 1, 1_000_000))
        .arg(positive("error", "SIZE", "Go on until half of the interval is this small").conflicts_with("trials"))
        .arg(positive("seconds", "N", "Go on for so long with each row").conflicts_with_all(["trials", "error"]))
        .arg(count("seed", "Seed of the trials, by default 1".into(), 0, u32::MAX.into()))
        .arg(count("threads", "Number of trials at the same time, by default one for each core".into(), 1, 256))
        .arg(
            text("sweep", "NAME=FROM:TO:STEP", "One row for each value of a parameter".into())
                .action(ArgAction::Append),
        )
        .arg(text("off", "RULES", "Rules to switch off at every node, such as R12,R14".into()))
        .arg(text("defence", "NAME", format!("Defence to run as a second row; {defences}")))
        .arg(Arg::new("table").long("table").action(ArgAction::SetTrue).help("Run the table of this attack's page"))
        .arg(text("format", "FORMAT", "table, csv or json".into()).default_value("table"))
        .arg(
            text("out", "FILE", "Write the results to this file too, in the same format".into())
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(Arg::new("plot").long("plot").action(ArgAction::SetTrue).help("Draw a chart of a sweep"))
        .arg(
            text("svg", "FILE", "Write a chart of a sweep as SVG (needs --features charts)".into())
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(count("replay", "Run this one trial, and write its trace to replay-N.jsonl".into(), 0, 1_000_000))
}

fn task(attack: &'static dyn Attack, matches: &ArgMatches) -> Result<Task, String> {
    let mut setting = Setting::of(attack);
    for parameter in attack.parameters() {
        if let Some(value) = matches.get_one::<f64>(parameter.name) {
            setting.set(attack, parameter.name, *value).map_err(|error| error.to_string())?;
        }
    }
    if let Some(text) = matches.get_one::<String>("off") {
        setting = setting.without(rules(text)?);
    }
    if matches.contains_id("svg") && !cfg!(feature = "charts") {
        return Err("--svg needs a program with charts: cargo run ... --features charts --example lab".into());
    }
    let trials = matches.get_one::<u64>("trials").copied();
    let rows = if matches.get_flag("table") {
        attack.table().into_iter().map(|(setting, usual)| (setting, trials.unwrap_or(usual))).collect()
    } else {
        let sweeps: Vec<_> = matches.get_many::<String>("sweep").into_iter().flatten().collect();
        let settings = sweeps.into_iter().try_fold(vec![setting], |settings, sweep| swept(attack, settings, sweep))?;
        let defence = matches.get_one::<String>("defence").map(String::as_str);
        settings.iter().try_for_each(|setting| attack.check(setting)).map_err(|error| error.to_string())?;
        let rows = defended(attack, settings, defence)?.into_iter();
        rows.map(|setting| (setting, trials.unwrap_or(attack.trials()))).collect()
    };
    let until = match (matches.get_one::<f64>("error"), matches.get_one::<f64>("seconds")) {
        (Some(error), _) if *error > 0.0 && *error < 1e6 => Until::Error(*error),
        (_, Some(seconds)) if *seconds > 0.0 && *seconds <= 1e6 => Until::Seconds(*seconds),
        (None, None) => Until::Trials,
        _ => return Err("--error and --seconds are above 0 and at most 1000000".into()),
    };
    let format = match matches.get_one::<String>("format").map(String::as_str) {
        Some("table") => Format::Table,
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        other => return Err(format!("--format is table, csv or json, not {}", other.unwrap_or_default())),
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = matches.get_one::<u64>("threads").and_then(|threads| usize::try_from(*threads).ok());
    Ok(Task {
        attack,
        rows,
        until,
        seed: matches.get_one("seed").copied().unwrap_or(1),
        threads: threads.unwrap_or_else(cores),
        format,
        out: matches.get_one("out").cloned(),
        plot: matches.get_flag("plot"),
        svg: matches.get_one("svg").cloned(),
        replay: matches.get_one("replay").copied(),
    })
}

/// Most rows of all sweeps together.
const MAX_ROWS: usize = 1_000;

/// Returns each setting once for each value of a sweep such as `q=0.1:0.45:0.05`.
fn swept(attack: &'static dyn Attack, settings: Vec<Setting>, sweep: &str) -> Result<Vec<Setting>, String> {
    let wanted = || format!("--sweep is NAME=FROM:TO:STEP, such as q=0.1:0.4:0.1, not {sweep}");
    let (name, values) = sweep.split_once('=').ok_or_else(wanted)?;
    let values: Vec<f64> =
        values.split(':').map(|value| value.parse().map_err(|_| wanted())).collect::<Result<_, _>>()?;
    let [from, to, step] = *values.as_slice() else { return Err(wanted()) };
    let is_fit = step > 0.0 && from <= to && (to - from) / step < MAX_ROWS as f64;
    is_fit.then_some(()).ok_or_else(wanted)?;
    let mut all = Vec::new();
    for setting in settings {
        let steps = (0..).map(|place| from + f64::from(place) * step).take_while(|value| *value <= to + step / 1e6);
        for value in steps {
            let mut setting = setting.clone();
            // 0.1 + 2 * 0.1 is 0.3 to people
            let value = (value * 1e9).round() / 1e9;
            setting.set(attack, name, value).map_err(|error| error.to_string())?;
            all.push(setting);
        }
    }
    if all.len() > MAX_ROWS { Err(format!("{} rows are too many: at most {MAX_ROWS}", all.len())) } else { Ok(all) }
}

/// Returns each setting without a defence, and again with each of those that are wanted.
fn defended(attack: &'static dyn Attack, settings: Vec<Setting>, wanted: Option<&str>) -> Result<Vec<Setting>, String> {
    let names: Vec<&str> = match wanted {
        Some("none") => Vec::new(),
        Some(name) => vec![name],
        None => attack.defences().iter().map(|defence| defence.name).collect(),
    };
    let mut all = Vec::new();
    for setting in settings {
        all.push(setting.clone());
        for name in &names {
            let mut setting = setting.clone();
            setting.defend(attack, name).map_err(|error| error.to_string())?;
            all.push(setting);
        }
    }
    Ok(all)
}

/// Returns the rules in a list of numbers or names.
fn rules(text: &str) -> Result<Vec<Rule>, String> {
    text.split(',').map(|name| rule(name.trim())).collect()
}

/// Returns the rule of a number, with or without R, or of a name.
fn rule(name: &str) -> Result<Rule, String> {
    let number = name.strip_prefix(['R', 'r']).unwrap_or(name).parse().ok();
    let rule = number.and_then(Rule::from_number);
    let rule = rule.or_else(|| Rule::all().find(|rule| rule.name().eq_ignore_ascii_case(name)));
    let last = Rule::all().map(Rule::number).max().unwrap_or(1);
    rule.ok_or_else(|| format!("there is no rule {name}: rules are R01 to R{last:02}"))
}
