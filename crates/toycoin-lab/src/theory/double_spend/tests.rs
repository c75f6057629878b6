use proptest::prelude::*;

use super::{grunspan, nakamoto, rosenfeld, strict};

/// `q`, `z`, Nakamoto, Rosenfeld, strict. A Monte Carlo of 40,000 races agreed within 0.004.
const TABLE: [(f64, u32, f64, f64, f64); 6] = [
    (0.1, 6, 0.000_24, 0.000_59, 0.000_11),
    (0.2, 6, 0.0143, 0.0233, 0.0088),
    (0.3, 1, 0.6277, 0.6000, 0.3086),
    (0.3, 2, 0.4457, 0.4320, 0.2330),
    (0.3, 6, 0.1321, 0.1565, 0.0891),
    (0.4, 3, 0.6642, 0.6349, 0.4830),
];

#[test]
fn chances_are_those_of_the_table() {
    for (q, z, by_nakamoto, by_rosenfeld, by_strict) in TABLE {
        let tolerance = if q < 0.15 { 6e-6 } else { 6e-5 };
        assert!((nakamoto(q, z) - by_nakamoto).abs() < tolerance, "{q} {z}: {}", nakamoto(q, z));
        assert!((rosenfeld(q, z) - by_rosenfeld).abs() < tolerance, "{q} {z}: {}", rosenfeld(q, z));
        assert!((strict(q, z, 0, None) - by_strict).abs() < tolerance, "{q} {z}: {}", strict(q, z, 0, None));
    }
}

#[test]
fn nakamoto_is_the_table_of_his_paper() {
    // section 11 of the paper, q = 0.1 and q = 0.3
    for (q, z, expected) in [
        (0.1, 0, 1.0),
        (0.1, 1, 0.204_587_3),
        (0.1, 2, 0.050_977_9),
        (0.1, 5, 0.000_913_7),
        (0.1, 10, 0.000_001_2),
        (0.3, 5, 0.177_352_3),
        (0.3, 10, 0.041_660_5),
        (0.3, 50, 0.000_000_6),
    ] {
        assert!((nakamoto(q, z) - expected).abs() < 6e-8, "{q} {z}: {}", nakamoto(q, z));
    }
}

#[test]
fn rosenfeld_is_the_sum_of_his_paper() {
    // 1 - sum of C(m + z - 1, m) (p^z q^m - p^m q^z) for m from 0 to z
    for q in [0.05_f64, 0.1, 0.25, 0.4, 0.49] {
        for z in 1..12_u32 {
            let (p, mut choose, mut sum) = (1.0 - q, 1.0, 1.0);
            for m in 0..=z {
                sum -= choose * (p.powf(z.into()) * q.powf(m.into()) - p.powf(m.into()) * q.powf(z.into()));
                choose *= f64::from(m + z) / f64::from(m + 1);
            }
            assert!((rosenfeld(q, z) - sum).abs() < 1e-12, "{q} {z}");
        }
    }
}

#[test]
fn chances_against_deep_payments_stay_exact() {
    // Rosenfeld's sum in rational numbers
    for (q, expected) in [(0.1, 9.066_573_971_927_674e-91), (0.3, 7.062_157_706_714_042e-17)] {
        for chance in [rosenfeld(q, 200), grunspan(q, 200), strict(q, 200, 1, None)] {
            assert!((chance / expected - 1.0).abs() < 1e-9, "{q}: {chance}");
        }
    }
}

#[test]
fn chances_at_the_ends_of_their_ranges() {
    for z in [0, 1, 50, 1_000] {
        assert_eq!(
            (nakamoto(0.5, z), rosenfeld(0.5, z), grunspan(1.0, z), strict(0.6, z, 0, None)),
            (1.0, 1.0, 1.0, 1.0)
        );
    }
    assert_eq!((nakamoto(0.0, 1), rosenfeld(0.0, 1), grunspan(0.0, 1), strict(0.0, 1, 0, None)), (0.0, 0.0, 0.0, 0.0));
    assert_eq!((strict(0.0, 1, 2, None), strict(0.0, 1, 2, Some(1))), (1.0, 1.0));
    assert_eq!((strict(0.3, 2, 0, Some(0)), strict(1.0, 2, 0, Some(1))), (0.0, 1.0));
    assert!(strict(0.3, 0, 0, None) - 3.0 / 7.0 < 1e-15);
}

#[test]
fn giving_up_at_25_costs_less_than_the_climb_from_there() {
    // what is given up would have won with (q/p)^26 at most
    for q in [0.1_f64, 0.3, 0.4] {
        let (free, bounded) = (strict(q, 3, 0, None), strict(q, 3, 0, Some(25)));
        assert!(bounded < free + 1e-15 && free - bounded <= (q / (1.0 - q)).powi(26) + 1e-15, "{q}: {free} {bounded}");
    }
}

#[test]
fn bounded_race_is_that_of_all_sequences() {
    // every sequence of 22 blocks, weighted: what is undecided after them is less than the tolerance
    let (q, z, give_up) = (0.2_f64, 2, 3);
    for premined in 0..3 {
        let (mut won, mut open) = (0.0, 0.0);
        let mut races = vec![(premined, 0, 1.0)];
        for _ in 0..=60 {
            let mut next = std::collections::BTreeMap::<_, f64>::new();
            for (own, public, chance) in races.drain(..) {
                if public >= z && own > public {
                    won += chance;
                } else if own + give_up > public {
                    *next.entry((own + 1, public)).or_default() += q * chance;
                    *next.entry((own, public + 1)).or_default() += (1.0 - q) * chance;
                }
            }
            races = next.into_iter().map(|((own, public), chance)| (own, public, chance)).collect();
            open = races.iter().map(|(_, _, chance)| chance).sum();
        }
        assert!(open < 1e-9, "{open}");
        let chance = strict(q, z, premined, Some(give_up));
        assert!((chance - won).abs() < 1e-9, "{premined} premined: {chance} {won}");
    }
}

proptest! {
    #[test]
    fn rosenfeld_is_grunspan_and_strict_with_one_premined(q in 0.001..0.5, z in 1_u32..80) {
        let closed = grunspan(q, z);

        prop_assert!((rosenfeld(q, z) - closed).abs() <= 1e-9 * closed + 1e-15);
        prop_assert!((strict(q, z, 1, None) - closed).abs() <= 1e-9 * closed + 1e-15);
    }

    #[test]
    fn wide_bounds_change_nothing(q in 0.01..0.35, z in 0_u32..20, premined in 0_u32..4) {
        let (free, bounded) = (strict(q, z, premined, None), strict(q, z, premined, Some(80)));

        prop_assert!((free - bounded).abs() < 1e-12, "{} {}", free, bounded);
    }

    #[test]
    fn chances_fall_with_z_and_rise_with_q(q in 0.01..0.98, z in 0_u32..60, give_up in 1_u32..40) {
        for chance in [nakamoto, rosenfeld, grunspan, |q, z| strict(q, z, 0, None)] {
            prop_assert!(chance(q, z + 1) <= chance(q, z) + 1e-12);
            prop_assert!(chance(q + 0.01, z) >= chance(q, z) - 1e-12);
        }
        prop_assert!(strict(q, z, 0, Some(give_up)) <= strict(q, z, 0, Some(give_up + 1)) + 1e-12);
    }
}
