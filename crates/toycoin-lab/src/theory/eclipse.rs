//! Eclipse: a victim whose relays are all hostile sees only what the attacker shows.

use super::{assert_positive, assert_share};

/// Returns the chance that all relays of a victim are hostile: `C(hostile, picks) / C(relays, picks)`.
///
/// The victim picks `picks` different relays of `relays`, of which `hostile` are the attacker's. Without a pick it is
/// 1.
///
/// Source: the hypergeometric distribution.
///
/// # Panics
/// If `picks` or `hostile` is more than `relays`.
#[track_caller]
pub fn all_hostile(relays: u32, hostile: u32, picks: u32) -> f64 {
    assert!(hostile <= relays && picks <= relays, "{hostile} hostile and {picks} picks of only {relays} relays");
    if picks > hostile {
        return 0.0;
    }
    (0..picks).map(|pick| f64::from(hostile - pick) / f64::from(relays - pick)).product()
}

/// Returns the chance that an honest network finds no block for `spacings`: a false alarm of "I may be eclipsed".
///
/// Source: the time to the next block is exponential.
///
/// # Panics
/// Unless `spacings` is not negative.
#[track_caller]
pub fn false_alarm(spacings: f64) -> f64 {
    assert!(spacings >= 0.0, "a time is not negative, as {spacings} is");
    (-spacings).exp()
}

/// Returns the chance that each of some gaps between blocks inside of an eclipse is shorter than an alarm:
/// `(1 - e^(-q a))^gaps`.
///
/// `alarm` is in spacings. The target is that of the whole network, so that a gap takes `1/q` spacings in the mean.
///
/// Source: the times between blocks are exponential and independent.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `alarm` is not negative.
#[track_caller]
pub fn unalarmed(q: f64, alarm: f64, gaps: u32) -> f64 {
    assert_share("q", q);
    let shorter = 1.0 - false_alarm(q * alarm);
    (0..gaps).map(|_| shorter).product()
}

/// Returns the mean time in which `gaps` blocks follow a first one inside of an eclipse, in spacings, while ASERT eases
/// the target.
///
/// `half_life` is in spacings. It is [`spacing_inside`] block by block: the first gap takes `1/q` in the mean. Then
/// the inverse `w` of difficulty follows `w' = 2^(-1/H) (w + ln2 / (H q))`. For a gap of `x` spacings multiplies it by
/// `2^((x - 1)/H)`, and `1 + ln2 x / H` stands here for `2^(x/H)`. The spread of the gaps is left out.
///
/// Source: this project's own, from ASERT's definition.
///
/// # Panics
/// Unless `q` lies above 0 and up to 1, and `half_life` is above 0.
#[track_caller]
pub fn time_inside(q: f64, half_life: f64, gaps: u32) -> f64 {
    assert_share("q", q);
    assert_positive("q", q);
    assert_positive("half_life", half_life);
    let (fade, gain) = ((-1.0 / half_life).exp2(), std::f64::consts::LN_2 / (half_life * q));
    let (mut easiness, mut time) = (1.0, 0.0);
    for _ in 0..gaps {
        time += 1.0 / (easiness * q);
        easiness = fade * (easiness + gain);
    }
    time
}

/// Returns the mean time between blocks inside of an eclipse, in spacings: `1 + (1/q - 1) 2^-t`.
///
/// Only the attacker's share `q` mines there. The first blocks take `1/q`, and ASERT hides that within some half-lives.
/// The rule counts a block as 2 half-lives at most, so a `q` below `S / H` is hidden more slowly. For a `q` of 0 it is
/// infinite.
///
/// Source: the attack is of Riard & Naumenko 2020, "Time-dilation attacks on the Lightning Network"; the curve is
/// [`after_shock`](super::difficulty::after_shock) divided by `q`.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `half_lives` is not negative.
#[track_caller]
pub fn spacing_inside(q: f64, half_lives: f64) -> f64 {
    assert_share("q", q);
    if q == 0.0 {
        return f64::INFINITY;
    }
    super::difficulty::after_shock(q, half_lives) / q
}

/// Returns after how many half-lives the mean time between blocks inside of an eclipse is down to `spacings`.
///
/// It is 0 if it never was longer, infinite for a `q` of 0 or `spacings` of 1.
///
/// # Panics
/// Unless `q` lies from 0 to 1, and `spacings` is at least 1.
#[track_caller]
pub fn hidden_after(q: f64, spacings: f64) -> f64 {
    assert_share("q", q);
    assert!(spacings >= 1.0, "difficulty never lowers the spacing below 1, to {spacings}");
    if q == 1.0 {
        return 0.0;
    }
    ((1.0 / q - 1.0) / (spacings - 1.0)).log2().max(0.0)
}

/// Returns by how many blocks the victim's chain falls behind its schedule, in all: `H / S log2(1 / q)`.
///
/// `half_life` is in spacings. It is what a victim with a good clock can still see when difficulty hides the rest.
///
/// # Panics
/// Unless `q` lies above 0 and up to 1, and `half_life` is above 0.
#[track_caller]
pub fn missing_blocks(q: f64, half_life: f64) -> f64 {
    assert_share("q", q);
    assert_positive("q", q);
    -super::difficulty::excess_blocks(q, half_life)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{all_hostile, false_alarm, hidden_after, missing_blocks, spacing_inside, time_inside, unalarmed};

    #[test]
    fn eclipse_chances_are_those_of_the_table() {
        for (picks, expected) in [(1, 0.30), (2, 0.0667), (3, 0.00833)] {
            assert!((all_hostile(10, 3, picks) - expected).abs() < 5e-5);
        }
        assert_eq!((all_hostile(10, 3, 4), all_hostile(10, 10, 10), all_hostile(0, 0, 0)), (0.0, 1.0, 1.0));
        assert!((false_alarm(10.0) - 4.5e-5).abs() < 5e-7);
    }

    #[test]
    fn difficulty_hides_an_eclipse() {
        assert_eq!((spacing_inside(0.25, 0.0), spacing_inside(0.25, 1.0)), (4.0, 2.5));
        assert_eq!((spacing_inside(0.0, 3.0), spacing_inside(1.0, 3.0)), (f64::INFINITY, 1.0));
        assert_eq!(missing_blocks(0.25, 20.0), 40.0);
        assert_eq!((hidden_after(1.0, 1.0), hidden_after(0.5, 2.0), hidden_after(0.0, 2.0)), (0.0, 0.0, f64::INFINITY));
    }

    #[test]
    fn an_alarm_misses_only_short_gaps() {
        assert_eq!((unalarmed(0.3, 10.0, 0), unalarmed(0.0, 10.0, 1), unalarmed(1.0, 0.0, 2)), (1.0, 0.0, 0.0));
        assert!((unalarmed(0.3, 10.0, 2) - 0.902_905).abs() < 1e-6);
    }

    #[test]
    fn time_inside_adds_up_the_spacings() {
        assert_eq!((time_inside(0.25, 20.0, 0), time_inside(0.25, 20.0, 1)), (0.0, 4.0));
        // with a long half-life nothing is hidden
        assert!((time_inside(0.25, 1e9, 10) - 40.0).abs() < 1e-6);
        // block by block and continuously: as many blocks as the schedule and the hidden part ask for
        let half_lives = time_inside(0.25, 1e4, 50_000) / 1e4;
        let blocks = 1e4 * (half_lives - (spacing_inside(0.25, half_lives) * 0.25).recip().log2());
        assert!((blocks / 50_000.0 - 1.0).abs() < 1e-3, "{blocks}");
    }

    proptest! {
        #[test]
        fn hiding_time_is_when_the_spacing_is_reached(q in 0.01..0.9, part in 0.01..1.0) {
            let spacings = 1.0 + part * (1.0 / q - 1.0);

            prop_assert!((spacing_inside(q, hidden_after(q, spacings)) - spacings).abs() < 1e-9 * spacings);
        }
    }
}
