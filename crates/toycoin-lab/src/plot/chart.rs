//! What a chart shows.

use crate::{
    plot::axis::{Axis, can_be_drawn},
    stats::Interval,
};

/// A chart: series over one pair of axes. Values that are not finite are left out when it is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// What it shows, one line.
    pub title: String,
    /// What the horizontal axis measures.
    pub x_label: String,
    /// What the vertical axis measures.
    pub y_label: String,
    /// The series, the first drawn first.
    pub series: Vec<Series>,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// The points, for a line in the order in which it connects them.
    pub points: Vec<Point>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line through all points, such as a formula. A point that cannot be drawn breaks it.
    Line,
    /// Single points with error bars, such as measurements.
    Points,
}

/// One point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its place along the horizontal axis.
    pub x: f64,
    /// Its place along the vertical axis.
    pub y: f64,
    /// The interval of `y`, which is drawn as an error bar.
    pub error: Option<Interval>,
}

impl Chart {
    /// Returns a chart without series.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { title: title.into(), x_label: x_label.into(), y_label: y_label.into(), series: Vec::new() }
    }

    /// Returns the same chart with one more series.
    #[must_use]
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Returns both axes, over all that can be drawn, with about so many ticks each.
    pub(super) fn axes(&self, x_ticks: u32, y_ticks: u32) -> (Axis, Axis) {
        let drawn = || self.series.iter().flat_map(Series::drawn);
        let y = drawn().flat_map(|point| {
            let bar = point.bar();
            [Some(point.y), bar.map(|bar| bar.low), bar.map(|bar| bar.high)]
        });
        (Axis::over(drawn().map(|point| point.x), x_ticks), Axis::over(y.flatten(), y_ticks))
    }
}

impl Series {
    /// Returns a line through points (x, y).
    pub fn line(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().map(|(x, y)| Point { x, y, error: None }).collect();
        Self { name: name.into(), mark: Mark::Line, points }
    }

    /// Returns single points.
    pub fn points(name: impl Into<String>, points: impl IntoIterator<Item = Point>) -> Self {
        Self { name: name.into(), mark: Mark::Points, points: points.into_iter().collect() }
    }

    /// Returns the points that can be drawn.
    pub(super) fn drawn(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| point.can_be_drawn())
    }
}

impl Point {
    /// Returns whether the point can be drawn.
    pub(super) const fn can_be_drawn(&self) -> bool {
        can_be_drawn(self.x) && can_be_drawn(self.y)
    }

    /// Returns the error bar, if there is one that can be drawn.
    pub(super) fn bar(&self) -> Option<Interval> {
        self.error.filter(|error| can_be_drawn(error.low) && can_be_drawn(error.high))
    }
}
