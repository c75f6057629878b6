//! Results as a chart.

use crate::{
    attack::Attack,
    plot::{Chart, Point, Series},
    row::{Cell, Row},
};

/// Returns the chart of an attack's most important quantity over the first parameter that differs between the rows;
/// `None` if none does, or nothing was measured.
///
/// The rows without a defence, and those with each, are series of points with error bars. The lines are what theory
/// expects without a defence.
pub fn chart(attack: &dyn Attack, rows: &[Row]) -> Option<Chart> {
    let first = rows.first()?;
    let differs = |name: &str| rows.iter().any(|row| row.setting.get(name) != first.setting.get(name));
    let over = attack.parameters().iter().find(|parameter| differs(parameter.name))?;
    let quantity = attack.quantities().first()?;
    let place = |row: &Row| row.setting.get(over.name);
    let cells = |defence: Option<&str>| -> Vec<(f64, &Cell)> {
        let rows = rows.iter().filter(|row| row.setting.defence() == defence);
        rows.filter_map(|row| Some((place(row), row.cells.first()?))).collect()
    };
    let mut chart = Chart::new(attack.name(), over.what, quantity.what);
    let plain = cells(None);
    let mut names: Vec<&str> = Vec::new();
    for comparison in plain.iter().flat_map(|(_, cell)| &cell.expected) {
        if !names.contains(&comparison.by) {
            names.push(comparison.by);
        }
    }
    for by in names {
        let of = |cell: &Cell| cell.expected.iter().find(|expected| expected.by == by).map(|expected| expected.value);
        let mut points: Vec<_> = plain.iter().filter_map(|(x, cell)| Some((*x, of(cell)?))).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        chart = chart.with(Series::line(by, points));
    }
    let defences = attack.defences().iter().map(|defence| Some(defence.name));
    let mut has_points = false;
    for defence in [None].into_iter().chain(defences) {
        let points = cells(defence).into_iter();
        let points: Vec<_> =
            points.filter_map(|(x, cell)| Some(Point { x, y: cell.measured?, error: cell.interval })).collect();
        if !points.is_empty() {
            has_points = true;
            chart = chart.with(Series::points(defence.unwrap_or("measured"), points));
        }
    }
    has_points.then_some(chart)
}
