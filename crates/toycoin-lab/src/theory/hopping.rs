//! Coin hopping: mining here only while difficulty is low, and elsewhere otherwise.

use std::cmp::Ordering;

use super::{assert_positive, assert_share};

/// What coin hopping does to a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hopping {
    /// Blocks of the hopper for each hash that it spends here, in multiples of what a hash earns elsewhere.
    pub hopper: f64,
    /// Blocks of the loyal miners for each hash, in the same unit: what a hash earned before the hopper came.
    pub loyal: f64,
    /// Share of the time in which the hopper mines here.
    pub present: f64,
    /// Mean spacing, in multiples of the aim. The difficulty rule holds it at 1.
    pub spacing: f64,
    /// Standard deviation of the logarithm of difficulty, over time.
    pub noise: f64,
}

impl Hopping {
    /// Returns how much more a hash of the hopper earns than one of the loyal miners: 0.12 for 12 %.
    pub fn advantage(&self) -> f64 {
        self.hopper / self.loyal - 1.0
    }
}

/// Returns what a hopper does who has a `share` of the whole hash rate while it is here. It is here as long as
/// difficulty is below 1, which is where the loyal miners alone would hold it. `half_life` is in spacings.
///
/// Source: the attack is of Meshkov, Chepurnoy & Jansen 2017, "Revisiting difficulty control for blockchain systems";
/// the solution is this project's own. It takes difficulty as if it moved in time: its logarithm x (in base 2) falls
/// evenly, and each block lifts it by `s = S / H`. What falls past x must have been lifted past it, so that the density
/// f of x obeys `f(x) = H times the integral of r(u) / y(u) f(u) du over x - s to x`. It is summed from low to high by
/// the trapezoidal rule. Real difficulty waits for the next block. That moves what the loyal miners earn by 0.001 or
/// less, and the advantage by 0.007 at 20 spacings, more below, and by 0.02 for a hopper of half of the whole. Blocks
/// that count as 2 half-lives at most are too rare to matter.
///
/// # Panics
/// Unless `share` lies from 0 to 0.9, and `half_life` from 10 to 1,000.
#[track_caller]
pub fn hopping(share: f64, half_life: f64) -> Hopping {
    assert_share("share", share);
    assert!(share <= 0.9, "a hopper of {share} is nearly everybody");
    assert_positive("half_life", half_life);
    assert!((10.0..=1_000.0).contains(&half_life), "a half-life has 10 to 1,000 spacings, not {half_life}");
    let hopper = share / (1.0 - share);
    let width = 1.0 / (half_life * f64::from(LIFT));
    let mut sums = Sums::default();
    // rate times density at the places of the last lift, the oldest next
    let mut window = vec![0.0; LIFT as usize];
    let mut inside: f64 = 0.0;
    #[expect(clippy::cast_possible_truncation, reason = "at most 4 x 1,000 x LIFT")]
    let (first, last) = ((LOWEST / width) as i64, (HIGHEST / width) as i64);
    for (place, slot) in (first..=last).zip((0..window.len()).cycle()) {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let x = place as f64 * width;
        // at the threshold itself the hopper is half here
        let here = match place.cmp(&0) {
            Ordering::Less => 1.0,
            Ordering::Equal => 0.5,
            Ordering::Greater => 0.0,
        };
        let inverse = (-x).exp2();
        let rate = (1.0 + here * hopper) * inverse;
        let Some(oldest) = window.get_mut(slot) else { break };
        // both ends of the integral count half, and the upper end holds the wanted density
        let half = half_life * width / 2.0;
        let density = if place == first { SEED } else { half * (2.0 * inside - *oldest) / (1.0 - half * rate) };
        inside += rate * density - *oldest;
        *oldest = rate * density;
        sums.add(density, here, inverse, rate, x);
        if inside > LARGE {
            // only ratios count
            inside *= SEED;
            window.iter_mut().for_each(|value| *value *= SEED);
            sums.scale(SEED);
        }
    }
    sums.result()
}

/// Sums over time of what is wanted.
#[derive(Debug, Default)]
struct Sums {
    time: f64,
    present: f64,
    present_inverse: f64,
    inverse: f64,
    blocks: f64,
    log: f64,
    log_square: f64,
}

impl Sums {
    fn add(&mut self, density: f64, here: f64, inverse: f64, rate: f64, x: f64) {
        self.time += density;
        self.present += density * here;
        self.present_inverse += density * here * inverse;
        self.inverse += density * inverse;
        self.blocks += density * rate;
        self.log += density * x;
        self.log_square += density * x * x;
    }

    fn scale(&mut self, factor: f64) {
        let Self { time, present, present_inverse, inverse, blocks, log, log_square } = self;
        for sum in [time, present, present_inverse, inverse, blocks, log, log_square] {
            *sum *= factor;
        }
    }

    fn result(&self) -> Hopping {
        let mean = self.log / self.time;
        Hopping {
            hopper: self.present_inverse / self.present,
            loyal: self.inverse / self.time,
            present: self.present / self.time,
            spacing: self.time / self.blocks,
            noise: (self.log_square / self.time - mean * mean).sqrt() * std::f64::consts::LN_2,
        }
    }
}

/// Places into which the lift by one block is divided.
const LIFT: u32 = 100;
/// Lowest and highest logarithm of difficulty, base 2: more than 6 standard deviations at any half-life.
const LOWEST: f64 = -4.0;
const HIGHEST: f64 = 3.0;
/// Density at the lowest place: any small number, since only ratios count.
const SEED: f64 = 1e-100;
/// Sum from which everything is made smaller.
const LARGE: f64 = 1e100;

#[cfg(test)]
mod tests {
    use super::hopping;
    use crate::theory::difficulty::noise;

    #[test]
    fn hoppers_gain_what_the_table_says() {
        // Monte Carlo: +12 % at a half-life of 20 spacings, +5 % at 144; loyal miners keep 0.937 and 0.968
        let (short, long) = (hopping(0.2, 20.0), hopping(0.2, 144.0));

        assert!((short.advantage() - 0.12).abs() < 0.01 && (short.loyal - 0.937).abs() < 1e-3, "{short:?}");
        assert!((long.advantage() - 0.05).abs() < 0.01 && (long.loyal - 0.968).abs() < 1e-3, "{long:?}");
    }

    #[test]
    fn hopping_never_moves_the_spacing() {
        for share in [0.0, 0.2, 0.5, 0.9] {
            for half_life in [10.0, 20.0, 144.0, 1_000.0] {
                let spacing = hopping(share, half_life).spacing;
                assert!((spacing - 1.0).abs() < 1e-6, "{share} {half_life}: {spacing}");
            }
        }
    }

    #[test]
    fn without_a_hopper_there_is_noise_alone() {
        for half_life in [20.0, 144.0, 500.0] {
            let quiet = hopping(0.0, half_life);
            assert!((quiet.noise / noise(half_life) - 1.0).abs() < 0.01, "{half_life}: {quiet:?}");
            assert!((quiet.loyal - 1.0).abs() < 1e-6, "{half_life}: {quiet:?}");
        }
    }

    /// Plays a network block by block, and returns the advantage of its hopper and what the loyal miners earn.
    fn played(share: f64, half_life: f64) -> (f64, f64) {
        // Knuth's linear congruential generator, its upper 32 bits
        let mut state = 7_u64;
        let mut dice = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 32) as f64 + 0.5) / f64::from(u32::MAX)
        };
        let strength = share / (1.0 - share);
        let (mut x, mut time, mut hopper, mut spent, mut loyal) = (0.0_f64, 0.0, 0.0, 0.0, 0.0);
        for _ in 0..1_000_000 {
            let here = if x < 0.0 { strength } else { 0.0 };
            let elapsed = -dice().ln() * x.exp2() / (1.0 + here);
            time += elapsed;
            spent += here * elapsed;
            hopper += here / (1.0 + here);
            loyal += 1.0 / (1.0 + here);
            x += (1.0 - elapsed.min(2.0 * half_life)) / half_life;
        }
        (hopper / spent / (loyal / time) - 1.0, loyal / time)
    }

    #[test]
    fn solution_is_what_a_played_network_does() {
        let (advantage, loyal) = played(0.2, 20.0);
        let solved = hopping(0.2, 20.0);

        // one standard deviation of a million blocks is about 0.0005, and that of the advantage 0.002
        assert!((loyal - solved.loyal).abs() < 0.003, "{loyal} {solved:?}");
        assert!((advantage - solved.advantage()).abs() < 0.012, "{advantage} {solved:?}");
    }
}
