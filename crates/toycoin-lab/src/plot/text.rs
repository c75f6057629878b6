//! A chart for the terminal.

use super::{
    axis::Axis,
    canvas::Canvas,
    chart::{Chart, Mark, Series},
};

impl Chart {
    /// Returns the chart as text of at most [`COLUMNS`](Self::COLUMNS) columns, with `rows` rows between its axes, at
    /// least 2 and at most 200.
    ///
    /// Points are letters with error bars of braille dots. Lines are dots, with their letter at the last point.
    pub fn to_text(&self, rows: usize) -> String {
        let rows = rows.clamp(2, MAX_ROWS);
        #[expect(clippy::cast_possible_truncation, reason = "at most 200")]
        let (x_axis, y_axis) = self.axes(X_TICKS, (rows as u32 / ROWS_A_TICK).max(1));
        let y_labels: Vec<_> = y_axis.ticks().map(|tick| (tick, y_axis.label(tick))).collect();
        let margin = y_labels.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        // a space before the axis
        let columns = Self::COLUMNS.saturating_sub(margin + 2);
        let mut canvas = Canvas::new(columns, rows);
        for (series, letter) in self.series.iter().zip(letters()) {
            draw(&mut canvas, series, letter, &x_axis, &y_axis);
        }

        let mut lines = vec![centred(&self.title, Self::COLUMNS), cut(&self.y_label, Self::COLUMNS)];
        for (row, dots) in canvas.to_string().lines().enumerate() {
            let tick = y_labels.iter().find(|(tick, _)| row_of(*tick, &y_axis, rows) == row);
            let (label, axis) = tick.map_or(("", '│'), |(_, label)| (label.as_str(), '┤'));
            lines.push(format!("{label:>margin$} {axis}{dots}"));
        }
        let (ticks, labels) = below(&x_axis, columns);
        lines.push(format!("{:margin$} └{ticks}", ""));
        lines.push(format!("{:margin$}  {labels}", ""));
        lines.push(format!("{:margin$}  {}", "", centred(&self.x_label, columns)));
        let legend = self.series.iter().zip(letters()).map(|(series, letter)| format!("{letter} {}", series.name));
        lines.extend(legend.map(|line| cut(&line, Self::COLUMNS)));
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// Width of a chart for the terminal, in characters.
    pub const COLUMNS: usize = 78;
}

/// Draws a series.
fn draw(canvas: &mut Canvas, series: &Series, letter: char, x_axis: &Axis, y_axis: &Axis) {
    let (right, bottom) = (canvas.width() - 1.0, canvas.height() - 1.0);
    let x_of = |x: f64| x_axis.place(x).map(|place| place * right);
    let y_of = |y: f64| y_axis.place(y).map(|place| (1.0 - place) * bottom);
    let places = series.points.iter().map(|point| x_of(point.x).zip(y_of(point.y)));
    if series.mark == Mark::Line {
        let places: Vec<_> = places.collect();
        for pair in places.windows(2) {
            if let [Some(from), Some(to)] = pair {
                canvas.line(*from, *to);
            }
        }
        if let Some((x, y)) = places.into_iter().flatten().last() {
            canvas.write(x, y, letter);
        }
        return;
    }
    for point in series.drawn() {
        let bar = point.bar().and_then(|bar| y_of(bar.low).zip(y_of(bar.high)));
        if let (Some(x), Some((low, high))) = (x_of(point.x), bar) {
            canvas.line((x, low), (x, high));
        }
    }
    // letters last, so that no bar of a neighbour hides one
    for (x, y) in places.flatten() {
        canvas.write(x, y, letter);
    }
}

/// Returns the row of characters in which a value of the vertical axis lies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a row")]
fn row_of(value: f64, axis: &Axis, rows: usize) -> usize {
    let place = axis.place(value).unwrap_or(0.0);
    // the same rounding to dots as on the canvas, four of which make a row
    ((1.0 - place) * (rows * 4 - 1) as f64).round() as usize / 4
}

/// Returns the horizontal axis with its ticks, and the line of labels below it. Labels that would touch are left out.
fn below(axis: &Axis, columns: usize) -> (String, String) {
    let (mut ticks, mut labels) = (vec!['─'; columns], vec![' '; columns]);
    let mut free = 0;
    for tick in axis.ticks() {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a column"
        )]
        let column = (axis.place(tick).unwrap_or(0.0) * (columns * 2 - 1) as f64).round() as usize / 2;
        if let Some(mark) = ticks.get_mut(column) {
            *mark = '┬';
        }
        let label = axis.label(tick);
        let start = column.saturating_sub(label.len() / 2).min(columns.saturating_sub(label.len()));
        if start >= free {
            labels.iter_mut().skip(start).zip(label.chars()).for_each(|(place, character)| *place = character);
            free = start + label.len() + 2;
        }
    }
    (ticks.into_iter().collect(), labels.into_iter().collect())
}

/// Returns the letters of series: a to z, again and again.
fn letters() -> impl Iterator<Item = char> {
    ('a'..='z').cycle()
}

/// Returns a text in the middle of so many columns, cut if it is longer.
fn centred(text: &str, columns: usize) -> String {
    format!("{:^columns$}", cut(text, columns))
}

/// Returns the first line of a text without control characters, cut to so many columns.
fn cut(text: &str, columns: usize) -> String {
    text.chars().take_while(|character| *character != '\n').filter(|c| !c.is_control()).take(columns).collect()
}

/// Ticks of the horizontal axis, about.
const X_TICKS: u32 = 7;
/// Rows of characters for each tick of the vertical axis, about.
const ROWS_A_TICK: u32 = 4;
/// Most rows between the axes.
const MAX_ROWS: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Chart;
    use crate::{
        plot::{Point, Series},
        stats::Interval,
    };

    #[test]
    fn chart_is_drawn_with_axes_bars_and_legend() {
        let points = [(0.0, 0.0), (5.0, 2.0), (10.0, 4.0)];
        let measured = points.map(|(x, y)| Point { x, y, error: Some(Interval { low: y - 1.0, high: y + 1.0 }) });
        let chart = Chart::new("double spend", "confirmations", "chance")
            .with(Series::line("theory", points))
            .with(Series::points("measured", measured));
        let text = chart.to_text(8);
        let lines: Vec<_> = text.lines().collect();

        assert_eq!(lines.len(), 2 + 8 + 3 + 2, "{text}");
        assert_eq!((lines[0].trim(), lines[1], lines[12].trim()), ("double spend", "chance", "confirmations"));
        // -1 to 5, so the axis goes from -2 to 6
        assert!(lines[2].starts_with(" 6 ┤") && lines[9].starts_with("-2 ┤"), "{text}");
        assert!(lines[7].starts_with(" 0 ┤b") && lines[4].ends_with('b'), "{text}");
        assert!(lines[11].trim_start().starts_with("0  ") && lines[11].ends_with("10"), "{text}");
        assert_eq!(&lines[13..], ["a theory", "b measured"]);
        // the bar of the first point, above and below it
        assert!(lines[6].starts_with(" 2 ┤⡀") && lines[8].trim() == "│⡇", "{text}");
    }

    #[test]
    fn nothing_to_draw_is_an_empty_chart() {
        for chart in [
            Chart::default(),
            Chart::new("t", "x", "y").with(Series::line("none", [])),
            Chart::new("t", "x", "y").with(Series::line("bad", [(f64::NAN, 0.0), (0.0, f64::INFINITY)])),
        ] {
            let text = chart.to_text(5);
            assert!(text.contains("1 ┤") && text.contains("0 ┤") && text.contains("0.2"), "{text}");
            assert!(!text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{text}");
        }
    }

    #[test]
    fn long_and_hostile_texts_are_cut() {
        let long = "x\u{1b}[31m".repeat(100) + "\nsecond line";
        let text = Chart::new(&long, &long, &long).with(Series::line(&long, [(0.0, 1.0)])).to_text(4);

        assert!(text.lines().all(|line| line.chars().count() <= Chart::COLUMNS), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("second"), "{text}");
    }

    proptest! {
        #[test]
        fn charts_of_anything_fit(
            values in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..12),
            rows in 0_usize..30,
        ) {
            let bar = |low, high| Some(Interval { low, high });
            let points = values.iter().map(|(x, y, z)| Point { x: *x, y: *y, error: bar(*z, *y) });
            let chart = Chart::new("t", "x", "y")
                .with(Series::points("p", points))
                .with(Series::line("l", values.iter().map(|(x, y, _)| (*x, *y))));
            let text = chart.to_text(rows);

            prop_assert_eq!(text.lines().count(), rows.max(2) + 7);
            prop_assert!(text.lines().all(|line| line.chars().count() <= Chart::COLUMNS), "{}", text);
        }
    }
}
