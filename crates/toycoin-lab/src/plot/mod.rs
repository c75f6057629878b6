//! Plots: charts for the terminal and, with the feature `charts`, as SVG.
//!
//! A [`Chart`] holds series of points with error bars. [`Chart::to_text`] draws it on a [`Canvas`] of braille dots,
//! `Chart::to_svg` as an image.

mod axis;
mod canvas;
mod chart;
mod data;
#[cfg(feature = "charts")]
mod svg;
mod text;

#[cfg(feature = "charts")]
pub use self::svg::SvgError;
pub use self::{
    canvas::Canvas,
    chart::{Chart, Mark, Point, Series},
};
