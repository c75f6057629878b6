use proptest::prelude::*;

use super::Share;

/// Returns the share of known good counts.
fn share(hits: u64, of: u64) -> Share {
    Share::new(hits, of).expect("hits of more cases")
}

/// Returns the probability that the interval of `of` cases holds the probability behind them: no chance in it.
fn coverage(of: u64, probability: f64) -> f64 {
    (0..=of)
        .filter(|hits| share(*hits, of).interval(0.95).contains(probability))
        .map(|hits| share(hits, of).ln_probability(hits, probability).exp())
        .sum()
}

#[test]
fn refuses_impossible_counts() {
    assert_eq!(Share::new(0, 0), None);
    assert_eq!(Share::new(3, 2), None);
    assert_eq!(share(1, 4).value(), 0.25);
}

#[test]
fn wilson_intervals_are_the_published_ones() {
    // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
    for (hits, of, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)] {
        let interval = share(hits, of).interval(0.95);
        assert!((interval.low - low).abs() < 6e-5, "{hits} of {of}: {interval:?}");
        assert!((interval.high - high).abs() < 6e-5, "{hits} of {of}: {interval:?}");
    }
    // 1 of 29, the same table
    let interval = share(1, 29).interval(0.95);
    assert!((interval.low - 0.0061).abs() < 6e-5 && (interval.high - 0.1718).abs() < 6e-5, "{interval:?}");
}

#[test]
fn wilson_interval_ends_at_0_and_1() {
    assert_eq!(share(0, 7).interval(0.99).low, 0.0);
    assert_eq!(share(7, 7).interval(0.99).high, 1.0);
}

#[test]
fn wilson_covers_95_percent_on_average() {
    let cases: Vec<_> = (1..100).map(|percent| coverage(200, f64::from(percent) / 100.0)).collect();
    let mean = cases.iter().sum::<f64>() / 99.0;

    assert!((0.945..0.955).contains(&mean), "{mean}");
}

#[test]
fn exact_p_values_are_sums_of_unlikely_outcomes() {
    for (of, expected) in [(1_u64, 0.5), (10, 0.5), (13, 0.25), (40, 0.02), (75, 0.9)] {
        let probability = |hits| share(hits, of).ln_probability(hits, expected).exp();
        for hits in 0..=of {
            let limit = probability(hits) * (1.0 + 1e-7);
            let sum: f64 = (0..=of).map(probability).filter(|other| *other <= limit).sum();
            let p = share(hits, of).p_value(expected);
            assert!((p - sum.min(1.0)).abs() < 1e-9, "{hits} of {of} against {expected}: {p} {sum}");
        }
    }
}

#[test]
fn exact_p_value_is_that_of_binom_test() {
    // R's manual of binom.test: Mendel's 682 of 925 plants (Conover 1971), against 3/4
    let p = share(682, 925).p_value(0.75);
    assert!((p - 0.3825).abs() < 5e-5, "{p}");
    // 10 heads of 10
    assert!((share(10, 10).p_value(0.5) - 2.0 / 1024.0).abs() < 1e-15);
}

#[test]
fn off_by_counts_standard_deviations() {
    // 137 of 612 races won where 0.2330 are expected
    let off = share(137, 612).off_by(0.2330);
    assert!((off + 0.535).abs() < 2e-3, "{off}");
    // 450 of 1000 coins: (0.45 - 0.5) / sqrt(0.25 / 1000)
    assert!((share(450, 1_000).off_by(0.5) + 3.1623).abs() < 1e-4);
}

#[test]
fn off_by_of_rare_events_is_exact() {
    // 5 where 0.5 are expected: p = 1.7e-4; the normal approximation would claim 6.4 sd
    let off = share(5, 1_000).off_by(0.0005);
    assert!((off - 3.76).abs() < 0.01, "{off}");
    // none where 0.5 are expected is no surprise
    assert_eq!(format!("{:.1}", share(0, 1_000).off_by(0.0005)), "0.0");
}

#[test]
fn off_by_of_certainties_is_0_or_infinite() {
    assert_eq!(share(0, 10).off_by(0.0), 0.0);
    assert_eq!(share(10, 10).off_by(1.0), 0.0);
    assert_eq!(share(1, 10).off_by(0.0), f64::INFINITY);
    assert_eq!(share(9, 10).off_by(1.0), f64::NEG_INFINITY);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn wilson_covers_what_it_claims(of in 50_u64..400, probability in 0.12..0.88) {
        let coverage = coverage(of, probability);

        // the number of hits is whole, so that coverage swings around 0.95
        prop_assert!((0.91..0.985).contains(&coverage), "{of} cases of {probability}: {coverage}");
    }

    #[test]
    fn wilson_holds_the_measured_share(hits in 0_u64..1_000, more in 1_u64..1_000_000, confidence in 0.01..0.999) {
        let share = share(hits, hits + more);
        let interval = share.interval(confidence);

        prop_assert!(interval.contains(share.value()));
        prop_assert!(interval.low >= 0.0 && interval.high <= 1.0);
    }

    #[test]
    fn p_values_are_probabilities(hits in 0_u64..2_000, more in 1_u64..100_000, expected in 0.0..=1.0) {
        let share = share(hits, hits + more);

        prop_assert!((0.0..=1.0).contains(&share.p_value(expected)));
        prop_assert!(!share.off_by(expected).is_nan());
    }
}
