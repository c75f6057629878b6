//! A canvas of braille dots.

use std::fmt;

/// A canvas for the terminal. Each character is a cell of 2 by 4 braille dots, or holds a character of its own.
///
/// Dots count from the upper left corner: `x` to the right, `y` down.
///
/// ```
/// use toycoin_lab::plot::Canvas;
///
/// let mut canvas = Canvas::new(2, 1);
/// canvas.line((0.0, 0.0), (3.0, 3.0));
/// assert_eq!(canvas.to_string(), "⠑⢄\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canvas {
    columns: usize,
    /// Row by row: the dots of a cell, and a character that covers them.
    cells: Vec<(u8, Option<char>)>,
}

impl Canvas {
    /// Returns an empty canvas of at least 1 and at most 1,000 columns and rows of characters.
    pub fn new(columns: usize, rows: usize) -> Self {
        let (columns, rows) = (columns.clamp(1, MAX_SIDE), rows.clamp(1, MAX_SIDE));
        Self { columns, cells: vec![(0, None); columns * rows] }
    }

    /// Returns its width in dots.
    #[expect(clippy::cast_precision_loss, reason = "at most 2,000")]
    pub const fn width(&self) -> f64 {
        (self.columns * CELL_WIDTH) as f64
    }

    /// Returns its height in dots.
    #[expect(clippy::cast_precision_loss, reason = "at most 4,000")]
    pub const fn height(&self) -> f64 {
        (self.cells.len() / self.columns * CELL_HEIGHT) as f64
    }

    /// Sets the dot that is nearest. Outside of the canvas, or for a NaN, it does nothing.
    pub fn dot(&mut self, x: f64, y: f64) {
        let Some((x, y)) = self.nearest(x, y) else { return };
        let bit = BITS[y % CELL_HEIGHT][x % CELL_WIDTH];
        if let Some((dots, _)) = self.cell(x, y) {
            *dots |= bit;
        }
    }

    /// Writes a character over the cell of a dot. Outside of the canvas, or for a NaN, it does nothing.
    pub fn write(&mut self, x: f64, y: f64, character: char) {
        let Some((x, y)) = self.nearest(x, y) else { return };
        if let Some((_, cover)) = self.cell(x, y) {
            *cover = Some(character);
        }
    }

    /// Draws what the canvas holds of a line. Lines with an infinite end or a NaN are left out.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let Some((from, to)) = self.clip(from, to) else { return };
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        // both ends lie on the canvas, so that this is bounded by its size
        let steps = dx.abs().max(dy.abs()).ceil().max(1.0);
        let mut step = 0.0;
        while step <= steps {
            let part = step / steps;
            self.dot(from.0 + dx * part, from.1 + dy * part);
            step += 1.0;
        }
    }

    /// Returns the part of a line that lies on the canvas, by the method of Liang and Barsky (1984).
    fn clip(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if !(dx.is_finite() && dy.is_finite()) {
            return None;
        }
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (distance, room) in
            [(-dx, from.0), (dx, self.width() - 1.0 - from.0), (-dy, from.1), (dy, self.height() - 1.0 - from.1)]
        {
            if distance < 0.0 {
                enter = enter.max(room / distance);
            } else if distance > 0.0 {
                leave = leave.min(room / distance);
            } else if room < 0.0 {
                return None;
            }
        }
        let at = |part: f64| (from.0 + dx * part, from.1 + dy * part);
        (enter <= leave).then(|| (at(enter), at(leave)))
    }

    /// Returns the dot that is nearest to a place, if there is one on the canvas.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the canvas")]
    fn nearest(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let (x, y) = (x.round(), y.round());
        ((0.0..self.width()).contains(&x) && (0.0..self.height()).contains(&y)).then_some((x as usize, y as usize))
    }

    /// Returns the cell of a dot.
    fn cell(&mut self, x: usize, y: usize) -> Option<&mut (u8, Option<char>)> {
        self.cells.get_mut(y / CELL_HEIGHT * self.columns + x / CELL_WIDTH)
    }
}

impl fmt::Display for Canvas {
    /// Writes one line for each row of characters. A cell without dots is a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.cells.chunks(self.columns) {
            for (dots, cover) in row {
                let braille = if *dots == 0 { ' ' } else { char::from_u32(FIRST + u32::from(*dots)).unwrap_or(' ') };
                write!(f, "{}", cover.unwrap_or(braille))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Columns and rows of dots in a cell.
const CELL_WIDTH: usize = 2;
const CELL_HEIGHT: usize = 4;
/// The bit of each dot in a cell, as Unicode numbers them.
const BITS: [[u8; CELL_WIDTH]; CELL_HEIGHT] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/// Unicode's braille pattern without dots.
const FIRST: u32 = 0x2800;
/// Most columns, and most rows, of characters.
const MAX_SIDE: usize = 1_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Canvas;

    #[test]
    fn dots_land_in_their_cells() {
        let mut canvas = Canvas::new(3, 2);
        canvas.dot(0.0, 0.0);
        canvas.dot(3.0, 3.0);
        canvas.dot(5.4, 6.6);
        assert_eq!(canvas.to_string(), "⠁⢀ \n  ⢀\n");
        canvas.write(2.0, 0.0, 'o');
        assert_eq!(canvas.to_string(), "⠁o \n  ⢀\n");
    }

    #[test]
    fn every_dot_has_a_bit_of_its_own() {
        let mut canvas = Canvas::new(1, 1);
        for (x, y) in (0..2).flat_map(|x| (0..4).map(move |y| (x, y))) {
            let before = canvas.cells[0].0.count_ones();
            canvas.dot(x.into(), y.into());
            assert_eq!(canvas.cells[0].0.count_ones(), before + 1);
        }
        assert_eq!(canvas.to_string(), "⣿\n");
    }

    #[test]
    fn what_lies_outside_leaves_no_dot() {
        let empty = Canvas::new(4, 4);
        let mut canvas = empty.clone();
        for bad in [-1.0, 16.0, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            canvas.dot(bad, bad);
            canvas.dot(-1.0, bad);
            canvas.write(bad, 1.0, 'x');
        }
        canvas.line((f64::NAN, 0.0), (3.0, 3.0));
        canvas.line((0.0, 0.0), (f64::INFINITY, 3.0));
        canvas.line((-1e308, 3.0), (1e308, 3.0));
        canvas.line((-5.0, -5.0), (-1.0, 99.0));
        canvas.line((-9.0, 5.0), (5.0, -9.0));
        assert_eq!(canvas, empty);
    }

    #[test]
    fn lines_across_the_canvas_reach_both_edges() {
        let mut canvas = Canvas::new(3, 1);
        canvas.line((-100.0, 0.0), (100.0, 0.0));
        assert_eq!(canvas.to_string(), "⠉⠉⠉\n");
        let mut canvas = Canvas::new(1, 2);
        canvas.line((0.0, -7.0), (0.0, 70.0));
        assert_eq!(canvas.to_string(), "⡇\n⡇\n");
    }

    #[test]
    fn canvas_has_at_least_one_cell() {
        assert_eq!(Canvas::new(0, 0).to_string(), " \n");
        assert_eq!(Canvas::new(usize::MAX, 1).width(), 2_000.0);
    }

    proptest! {
        #[test]
        fn clipped_lines_stay_on_their_line(ends in prop::array::uniform4(-60.0..60.0)) {
            let [x0, y0, x1, y1] = ends;
            let canvas = Canvas::new(10, 5);
            let inside = |x: f64, y: f64| (-1e-9..=19.0 + 1e-9).contains(&x) && (-1e-9..=19.0 + 1e-9).contains(&y);
            match canvas.clip((x0, y0), (x1, y1)) {
                Some((from, to)) => {
                    for (x, y) in [from, to] {
                        prop_assert!(inside(x, y));
                        prop_assert!(((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)).abs() < 1e-6);
                    }
                }
                None => for part in 0..=1_000 {
                    let part = f64::from(part) / 1_000.0;
                    let (x, y) = (x0 + (x1 - x0) * part, y0 + (y1 - y0) * part);
                    prop_assert!(!(0.0..=19.0).contains(&x) || !(0.0..=19.0).contains(&y));
                },
            }
        }

        #[test]
        fn lines_connect_their_ends(x0 in 0_u8..20, y0 in 0_u8..20, x1 in 0_u8..20, y1 in 0_u8..20) {
            let mut canvas = Canvas::new(10, 5);
            canvas.line((x0.into(), y0.into()), (x1.into(), y1.into()));
            let dots: u32 = canvas.cells.iter().map(|(dots, _)| dots.count_ones()).sum();

            prop_assert_eq!(dots, u32::from(x0.abs_diff(x1).max(y0.abs_diff(y1))) + 1);
            canvas.dot(x0.into(), y0.into());
            canvas.dot(x1.into(), y1.into());
            prop_assert_eq!(dots, canvas.cells.iter().map(|(dots, _)| dots.count_ones()).sum::<u32>());
        }
    }
}
