//! A chart as an SVG image.

use std::{io, ops::Range};

use plotters::{
    coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged},
    drawing::DrawingAreaErrorKind,
    prelude::{
        BLACK, Cartesian2d, ChartBuilder, ChartContext, Circle, ErrorBar, IntoDrawingArea, LineSeries, PathElement,
        RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
    },
    style::Color,
};
use thiserror::Error;

use super::{
    axis::Axis,
    chart::{Chart, Mark, Series},
};

/// The reason why a chart could not be drawn: the drawing library failed.
#[derive(Debug, Error)]
#[error("the chart could not be drawn")]
pub struct SvgError(#[from] DrawingAreaErrorKind<io::Error>);

impl Chart {
    /// Returns the chart as an SVG image of so many pixels, at least 320 by 240 and at most 4,000 by 4,000. Texts that
    /// do not fit are cut. Its description (`desc`) is [`data`](Self::data), the numbers that it shows.
    ///
    /// # Errors
    /// When the drawing library fails. It writes into memory, so that no reason is known.
    pub fn to_svg(&self, width: u32, height: u32) -> Result<String, SvgError> {
        let (width, height) = (width.clamp(320, MAX_SIDE), height.clamp(240, MAX_SIDE));
        let (x_axis, y_axis) = self.axes(width / TICK_WIDTH, height / TICK_HEIGHT);
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(cut(&self.title, width - 2 * MARGIN, TITLE), (FONT, TITLE))
            .margin(MARGIN)
            .margin_right(RIGHT)
            .x_label_area_size(BELOW)
            .y_label_area_size(LEFT)
            .build_cartesian_2d(Scale(&x_axis), Scale(&y_axis))?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .label_style((FONT, TEXT))
            .x_desc(cut(&self.x_label, width - LEFT - RIGHT, TEXT))
            .y_desc(cut(&self.y_label, height - BELOW - 2 * TITLE, TEXT))
            .x_label_formatter(&|tick| x_axis.label(*tick))
            .y_label_formatter(&|tick| y_axis.label(*tick))
            .draw()?;
        for (series, colour) in self.series.iter().zip(COLOURS.into_iter().cycle()) {
            draw(&mut chart, series, colour, cut(&series.name, (width / 3).min(LEGEND), TEXT))?;
        }
        if !self.series.is_empty() {
            let mut legend = chart.configure_series_labels();
            legend.position(self.emptiest_corner(&x_axis, &y_axis)).label_font((FONT, TEXT));
            legend.background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw()?;
        }
        root.present()?;
        drop(chart);
        drop(root);
        Ok(described(&svg, &self.title, &self.data()))
    }

    /// Returns the corner with the fewest points, where the legend hides least.
    fn emptiest_corner(&self, x_axis: &Axis, y_axis: &Axis) -> SeriesLabelPosition {
        let points = || self.series.iter().flat_map(Series::drawn);
        let within = |right: bool, upper: bool| {
            let half = |axis: &Axis, value| axis.place(value).is_some_and(|place| place > 0.5);
            points().filter(|point| half(x_axis, point.x) == right && half(y_axis, point.y) == upper).count()
        };
        let corners = [
            (within(true, true), SeriesLabelPosition::UpperRight),
            (within(false, true), SeriesLabelPosition::UpperLeft),
            (within(true, false), SeriesLabelPosition::LowerRight),
            (within(false, false), SeriesLabelPosition::LowerLeft),
        ];
        let corner = corners.into_iter().min_by_key(|(points, _)| *points);
        corner.map_or(SeriesLabelPosition::UpperRight, |(_, position)| position)
    }
}

/// An axis as the library wants it, with our ticks: the library's own are not made for every range.
struct Scale<'a>(&'a Axis);

impl Ranged for Scale<'_> {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "a pixel")]
    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let place = self.0.place(*value).unwrap_or(0.0);
        (f64::from(from) + f64::from(to - from) * place).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.0.ticks().collect()
    }

    fn range(&self) -> Range<f64> {
        self.0.low..self.0.high
    }
}

/// Draws a series, and adds it to the legend.
fn draw<'a>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<Scale<'a>, Scale<'a>>>,
    series: &Series,
    colour: RGBColor,
    name: String,
) -> Result<(), SvgError> {
    let key = match series.mark {
        Mark::Line => {
            // a point that cannot be drawn breaks the line; the legend has it once
            for part in series.points.split(|point| !point.can_be_drawn()) {
                let line = part.iter().map(|point| (point.x, point.y));
                chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
            }
            let key = chart.draw_series(LineSeries::new([], colour))?;
            key.legend(move |(x, y)| PathElement::new(vec![(x, y), (x + KEY, y)], colour.stroke_width(2)))
        }
        Mark::Points => {
            let bars = series.drawn().filter_map(|point| point.bar().map(|bar| (point, bar)));
            // the library wants the point within its bar
            chart.draw_series(bars.map(|(point, bar)| {
                let (low, high) = (bar.low.min(point.y), bar.high.max(point.y));
                ErrorBar::new_vertical(point.x, low, point.y, high, colour.filled(), BAR)
            }))?;
            let dots = series.drawn().map(|point| Circle::new((point.x, point.y), DOT, colour.filled()));
            let key = chart.draw_series(dots)?;
            key.legend(move |(x, y)| Circle::new((x + KEY / 2, y), DOT, colour.filled()))
        }
    };
    key.label(name);
    Ok(())
}

/// Returns an image with a title and a description, which programs and screen readers read.
fn described(svg: &str, title: &str, description: &str) -> String {
    let (tag, rest) = svg.split_once('>').unwrap_or((svg, ""));
    let (title, description) = (escaped(title), escaped(description));
    format!("{tag}>\n<title>{title}</title>\n<desc>\n{description}</desc>{rest}")
}

/// Returns a text as it stands in XML, without control characters other than line feeds.
fn escaped(text: &str) -> String {
    let kept = text.chars().filter(|character| *character == '\n' || !character.is_control());
    kept.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns the first line of a text without control characters, cut to so many pixels of a font's size.
fn cut(text: &str, pixels: u32, size: u32) -> String {
    // no letter of a usual font is wider than its height; most are about half as wide
    let room = (pixels / size * 5 / 3) as usize;
    text.chars().take_while(|character| *character != '\n').filter(|c| !c.is_control()).take(room).collect()
}

/// Colours that people who see few colours can tell apart: Okabe & Ito 2002, "Color universal design".
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
/// Font of all texts, and its sizes in pixels.
const FONT: &str = "sans-serif";
const TITLE: u32 = 20;
const TEXT: u32 = 14;
/// Pixels around the chart; to the right there is room for half of a label.
const MARGIN: u32 = 10;
const RIGHT: u32 = 40;
/// Pixels for labels below the chart and on its left.
const BELOW: u32 = 44;
const LEFT: u32 = 76;
/// Pixels between ticks, about.
const TICK_WIDTH: u32 = 80;
const TICK_HEIGHT: u32 = 50;
/// Pixels of a point's radius, of the ends of its error bar, and of a line in the legend.
const DOT: u32 = 4;
const BAR: u32 = 8;
const KEY: i32 = 20;
/// Pixels of a name in the legend, at most.
const LEGEND: u32 = 300;
/// Longest side of an image.
const MAX_SIDE: u32 = 4_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Chart;
    use crate::{
        plot::{Point, Series},
        stats::Interval,
    };

    /// Returns the value of an attribute of a tag.
    fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
        tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
    }

    /// Asserts that all texts lie within an image, with letters 0.6 as wide as high.
    fn assert_texts_inside(svg: &str, width: f64, height: f64) -> usize {
        let texts: Vec<_> = svg.split("<text").skip(1).collect();
        for text in &texts {
            let (tag, rest) = text.split_once('>').unwrap();
            let number = |name| attribute(tag, name).unwrap().parse::<f64>().unwrap();
            let (x, y, size) = (number("x"), number("y"), number("font-size"));
            let length = rest.split("</text>").next().unwrap().trim().chars().count() as f64 * size * 0.6;
            let turned = tag.contains("rotate(270");
            // from where the text starts to where it ends, along its line
            let along = if turned { height - y } else { x };
            let start = match attribute(tag, "text-anchor").unwrap() {
                "start" => along,
                "middle" => along - length / 2.0,
                _ => along - length,
            };
            let (room, across, other) = if turned { (height, x, width) } else { (width, y, height) };
            assert!(start >= 0.0 && start + length <= room && (0.0..=other).contains(&across), "<text{text}");
        }
        texts.len()
    }

    /// Returns a chart with a line, points with bars, and texts of a length.
    fn chart(length: usize) -> Chart {
        let text = |word: &str| word.repeat(length);
        let bar = |x: f64| Point { x, y: x * x, error: Some(Interval { low: x * x - 0.02, high: x * x + 0.03 }) };
        Chart::new(text("title "), text("confirmations "), text("chance "))
            .with(Series::line(text("theory "), (0..20).map(|x| (f64::from(x), f64::from(x * x)))))
            .with(Series::points(text("measured "), (0..5).map(|x| bar(x.into()))))
    }

    #[test]
    fn svg_holds_series_axes_and_legend() {
        let svg = chart(1).to_svg(800, 500).unwrap();

        assert!(svg.starts_with("<svg width=\"800\" height=\"500\"") && svg.trim_end().ends_with("</svg>"));
        // 5 points, on each a dot of the library's bar, and 1 in the legend
        assert_eq!(svg.matches("<circle").count(), 11);
        for word in ["title", "confirmations", "chance", "theory", "measured", "400"] {
            assert!(svg.contains(word), "{word}");
        }
    }

    #[test]
    fn svg_has_no_text_outside_of_its_canvas() {
        for length in [1, 3, 200] {
            for (width, height) in [(320, 240), (800, 500), (4_000, 300)] {
                let svg = chart(length).to_svg(width, height).unwrap();
                assert!(assert_texts_inside(&svg, width.into(), height.into()) >= 8, "{svg}");
            }
        }
    }

    #[test]
    fn legend_keeps_off_the_points() {
        let corner = |points: [(f64, f64); 3]| {
            let svg = Chart::new("t", "x", "y").with(Series::line("name", points)).to_svg(800, 500).unwrap();
            let legend = svg.split("<text").find(|text| text.contains("\nname\n")).unwrap();
            let number = |name| attribute(legend, name).unwrap().parse::<f64>().unwrap();
            (number("x") > 400.0, number("y") > 250.0)
        };

        assert_eq!(corner([(0.0, 0.0), (0.5, 0.1), (1.0, 1.0)]), (false, false));
        assert_eq!(corner([(0.0, 1.0), (0.9, 0.9), (1.0, 0.0)]), (false, true));
    }

    #[test]
    fn svg_escapes_texts() {
        let svg = Chart::new("<script>\u{7}&", "x", "y").to_svg(0, u32::MAX).unwrap();

        assert!(svg.contains("&lt;script&gt;&amp;") && !svg.contains("<script") && !svg.contains('\u{7}'));
        assert!(svg.starts_with("<svg width=\"320\" height=\"4000\""));
    }

    #[test]
    fn svg_holds_the_numbers_that_it_shows() {
        let chart = chart(3);
        let svg = chart.to_svg(640, 480).unwrap();
        let (_, rest) = svg.split_once("<desc>\n").unwrap();

        assert_eq!(rest.split_once("</desc>").unwrap().0, chart.data());
        assert!(svg.contains(&format!("<title>{}</title>", chart.title)), "{svg}");
    }

    #[test]
    fn svg_is_the_same_each_time() {
        assert_eq!(chart(2).to_svg(640, 480).unwrap(), chart(2).to_svg(640, 480).unwrap());
    }

    proptest! {
        #[test]
        fn svg_of_anything_stays_inside(values in prop::collection::vec(any::<[f64; 3]>(), 0..9)) {
            let bar = |low, high| Some(Interval { low, high });
            let points = values.iter().map(|[x, y, z]| Point { x: *x, y: *y, error: bar(*z, *y) });
            let chart = Chart::new("t", "x", "y")
                .with(Series::points("p", points))
                .with(Series::line("l", values.iter().map(|[x, y, _]| (*x, *y))));
            let svg = chart.to_svg(500, 400).unwrap();

            assert_texts_inside(&svg, 500.0, 400.0);
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
