//! The numbers of a chart, as text.

use std::fmt::Write as _;

use super::chart::{Chart, Mark};

impl Chart {
    /// Returns the numbers that are drawn, as comma-separated values with a heading: one line for each point that can
    /// be drawn. An SVG image holds this text as its description, so that the image can be compared with what is
    /// measured now.
    ///
    /// ```
    /// use toycoin_lab::plot::{Chart, Series};
    ///
    /// let chart = Chart::new("title", "x", "y").with(Series::line("theory", [(1.0, 0.25), (2.0, f64::NAN)]));
    /// assert_eq!(chart.data(), "series,mark,x,y,low,high\ntheory,line,1,0.25,,\n");
    /// ```
    pub fn data(&self) -> String {
        let mut text = "series,mark,x,y,low,high\n".to_owned();
        for series in &self.series {
            let mark = match series.mark {
                Mark::Line => "line",
                Mark::Points => "points",
            };
            // a name is one field of one line
            let name = series.name.replace([',', '\n', '\r'], " ");
            for point in series.drawn() {
                let bar = point.bar().map_or_else(|| ",".to_owned(), |bar| format!("{},{}", bar.low, bar.high));
                // writing to a string cannot fail
                let _ = writeln!(text, "{name},{mark},{},{},{bar}", point.x, point.y);
            }
        }
        text
    }
}
