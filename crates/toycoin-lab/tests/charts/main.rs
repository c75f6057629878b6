//! The charts in docs/attacks are not stale: their numbers are those of theory, and of a row that is measured again.
//!
//! An SVG image holds its numbers as its description. If a test here fails, run the command that the chart's page
//! shows. With the feature `charts`, the images themselves are drawn again and compared.

mod drawn;

use std::sync::atomic::AtomicBool;

use toycoin_lab::{Measure, Row};

use self::drawn::{CHARTS, Drawn, MEASURED, Number};

/// The seed of all charts, which is the program's default.
const SEED: u64 = 1;

/// Largest size of an image in bytes.
const MAX_SIZE: usize = 40_000;

/// Returns whether two numbers are the same up to the last digits, in which platforms' logarithms differ.
fn are_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(1.0)
}

fn numbers(chart: &Drawn) -> Vec<Number> {
    Number::all_of(&chart.svg()).unwrap_or_else(|problem| panic!("{}: {problem}", chart.file))
}

#[test]
fn charts_show_what_theory_says() {
    for chart in &CHARTS {
        let numbers = numbers(chart);
        let lines: Vec<_> = numbers.iter().filter(|number| number.mark == "line").collect();
        assert!(lines.len() >= chart.values().len(), "{}: {} points of theory", chart.file, lines.len());
        for number in lines {
            let expected = chart.attack().theory(&chart.setting(number.x));
            let expected = expected.iter().find(|expected| {
                expected.by == number.series && expected.quantity == chart.attack().quantities()[0].name
            });
            let value = expected.map(|expected| expected.value);
            assert!(value.is_some_and(|value| are_same(value, number.y)), "{}: {number:?}, {value:?}", chart.file);
        }
    }
}

#[test]
fn charts_have_all_values_of_their_sweeps() {
    for chart in &CHARTS {
        let numbers = numbers(chart);
        let measured = numbers.iter().filter(|number| number.series == MEASURED);
        let values: Vec<_> = measured.map(|number| number.x).collect();
        assert_eq!(values, chart.values(), "{}", chart.file);
    }
}

#[test]
fn a_row_of_each_chart_is_measured_again() {
    for chart in &CHARTS {
        let (attack, setting) = (chart.attack(), chart.setting(chart.again));
        let measure = Measure { threads: 2, stop: &AtomicBool::new(false), done: &|_| () };
        let outcomes = measure.outcomes(attack, &setting, SEED, 0..chart.trials).unwrap();
        let row = Row::of(attack, &setting, &outcomes);
        let (value, interval) = (row.cells[0].measured.unwrap(), row.cells[0].interval.unwrap());
        let numbers = numbers(chart);
        let shown = numbers.iter().find(|number| number.series == MEASURED && number.x == chart.again).unwrap();
        let (low, high) = shown.bar.unwrap();
        let are_shown = are_same(shown.y, value) && are_same(low, interval.low) && are_same(high, interval.high);
        assert!(are_shown, "{}: {shown:?} is {value}, {interval:?} now", chart.file);
    }
}

#[test]
fn pages_show_charts_with_their_commands() {
    for chart in &CHARTS {
        let page = chart.page().replace("\\\n", " ");
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(&format!("]({})", chart.file)), "no page shows {}", chart.file);
        assert!(page.contains(&chart.command()), "the page of {} lacks: {}", chart.file, chart.command());
        assert!(chart.svg().len() <= MAX_SIZE, "{} has {} bytes", chart.file, chart.svg().len());
    }
}

#[test]
fn a_number_that_is_no_number_is_noticed() {
    let svg = |line: &str| format!("<svg><desc>\nseries,mark,x,y,low,high\n{line}\n</desc></svg>");
    let read = |line| Number::all_of(&svg(line)).map(|numbers| (numbers[0].y, numbers[0].bar));

    assert_eq!(read("theory,line,1,0.5,,"), Ok((0.5, None)));
    assert_eq!(read("measured,points,1,0.5,0.25,0.75"), Ok((0.5, Some((0.25, 0.75)))));
    assert!(read("measured,points,1,half,0.25,0.75").is_err() && read("measured,points,1").is_err());
    assert!(Number::all_of("<svg></svg>").is_err());
}

#[cfg(feature = "charts")]
#[test]
fn images_are_those_that_the_program_draws() {
    for chart in &CHARTS {
        let drawn = chart.chart(&numbers(chart)).to_svg(800, 500).unwrap();
        assert_eq!(chart.svg().trim_end(), drawn.trim_end(), "{}", chart.file);
    }
}
