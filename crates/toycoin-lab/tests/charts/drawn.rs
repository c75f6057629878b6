//! The charts of the pages, and the numbers in them.

use std::{fs, path::PathBuf};

use toycoin_lab::{Attack, Setting, attacks::catalogue};

/// A chart of a page.
pub(crate) struct Drawn {
    /// The image, and the page beside it.
    pub(crate) file: &'static str,
    page: &'static str,
    attack: &'static str,
    /// What is not the default.
    fixed: &'static [(&'static str, f64)],
    /// The parameter over which it is drawn, with the first value, the last one and the step.
    over: (&'static str, f64, f64, f64),
    pub(crate) trials: u64,
    /// The value whose row is measured again: one that takes little time.
    pub(crate) again: f64,
}

/// The series of measured points.
pub(crate) const MEASURED: &str = "measured";

pub(crate) const CHARTS: [Drawn; 3] = [
    Drawn {
        file: "double-spend.svg",
        page: "double-spend.md",
        attack: "double-spend",
        fixed: &[("q", 0.3)],
        over: ("z", 1.0, 8.0, 1.0),
        trials: 300,
        again: 1.0,
    },
    Drawn {
        file: "selfish.svg",
        page: "selfish.md",
        attack: "selfish",
        fixed: &[("hub", 1.0)],
        over: ("alpha", 0.05, 0.45, 0.05),
        trials: 8,
        again: 0.05,
    },
    Drawn {
        file: "eclipse.svg",
        page: "eclipse.md",
        attack: "eclipse",
        fixed: &[("hostile", 5.0)],
        over: ("k", 1.0, 6.0, 1.0),
        trials: 200,
        again: 1.0,
    },
];

impl Drawn {
    pub(crate) fn attack(&self) -> &'static dyn Attack {
        *catalogue().iter().find(|attack| attack.name() == self.attack).expect("an attack of the catalogue")
    }

    /// Returns the setting of a point.
    pub(crate) fn setting(&self, value: f64) -> Setting {
        let attack = self.attack();
        let fixed =
            self.fixed.iter().fold(Setting::of(attack), |setting, (name, fixed)| setting.with(attack, name, *fixed));
        fixed.with(attack, self.over.0, value)
    }

    /// Returns the values of the sweep, as the program rounds them.
    pub(crate) fn values(&self) -> Vec<f64> {
        let (_, from, to, step) = self.over;
        let steps = (0..).map(|place| from + f64::from(place) * step).take_while(|value| *value <= to + step / 1e6);
        steps.map(|value| (value * 1e9).round() / 1e9).collect()
    }

    /// Returns the command that draws it.
    pub(crate) fn command(&self) -> String {
        let (name, from, to, step) = self.over;
        let fixed: String = self.fixed.iter().map(|(name, value)| format!(" --{name} {value}")).collect();
        format!(
            "cargo run --release -p toycoin-lab --features charts --example lab -- {}{fixed} --sweep \
             {name}={from}:{to}:{step} --trials {} --defence none --svg docs/attacks/{}",
            self.attack, self.trials, self.file
        )
    }

    pub(crate) fn svg(&self) -> String {
        read(self.file)
    }

    pub(crate) fn page(&self) -> String {
        read(self.page)
    }

    /// Returns the chart that its numbers make.
    #[cfg(feature = "charts")]
    pub(crate) fn chart(&self, numbers: &[Number]) -> toycoin_lab::plot::Chart {
        use toycoin_lab::plot::{Chart, Mark, Series};

        let attack = self.attack();
        let over = attack.parameters().iter().find(|parameter| parameter.name == self.over.0);
        let over = over.expect("a parameter of the attack");
        let empty = Chart::new(attack.name(), over.what, attack.quantities()[0].what);
        numbers.chunk_by(|one, next| one.series == next.series).fold(empty, |chart, numbers| {
            let mark = if numbers[0].mark == "line" { Mark::Line } else { Mark::Points };
            let points = numbers.iter().map(Number::point).collect();
            chart.with(Series { name: numbers[0].series.clone(), mark, points })
        })
    }
}

/// Returns a file of docs/attacks.
fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/attacks").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A point of a chart.
#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) series: String,
    pub(crate) mark: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// The lower and the upper end of its error bar.
    pub(crate) bar: Option<(f64, f64)>,
}

impl Number {
    /// Returns the numbers in the description of an image; an error says what is no number.
    pub(crate) fn all_of(svg: &str) -> Result<Vec<Self>, String> {
        let description = svg.split_once("<desc>\n").and_then(|(_, rest)| rest.split_once("</desc>"));
        let (text, _) = description.ok_or("the image has no description")?;
        text.lines().skip(1).map(Self::of).collect()
    }

    fn of(line: &str) -> Result<Self, String> {
        let fields: Vec<_> = line.split(',').collect();
        let [series, mark, x, y, low, high] = *fields.as_slice() else {
            return Err(format!("six fields are wanted: {line}"));
        };
        let number = |text: &str| text.parse::<f64>().map_err(|error| format!("{error}: {line}"));
        let bar = if low.is_empty() { None } else { Some((number(low)?, number(high)?)) };
        Ok(Self { series: series.to_owned(), mark: mark.to_owned(), x: number(x)?, y: number(y)?, bar })
    }

    #[cfg(feature = "charts")]
    fn point(&self) -> toycoin_lab::plot::Point {
        let error = self.bar.map(|(low, high)| toycoin_lab::stats::Interval { low, high });
        toycoin_lab::plot::Point { x: self.x, y: self.y, error }
    }
}
