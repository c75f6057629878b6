//! Links: how bytes get from a node to a relay and back.
//!
//! A link is a TCP connection: what it carries arrives whole and in order, or not at all. So a lost packet shows as a
//! delay, which also holds up everything behind it. A link that is bad enough breaks. Envelopes are different: a relay
//! may drop, repeat, delay and reorder them. `drop`, `duplicate` and `reorder` describe such a relay.

use std::time::Duration;

use crate::{dice::Dice, latency::Latency};

/// Properties of a link, the same in each direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Time from one end to the other.
    pub latency: Latency,
    /// Mean of an exponentially distributed time that is added to the latency.
    pub jitter: Duration,
    /// Probability that a write loses a packet, and waits until it is sent again.
    pub loss: f64,
    /// Bandwidth in bytes per second; 0 means unlimited.
    pub bandwidth: u64,
    /// Probability that the relay drops an envelope.
    pub drop: f64,
    /// Probability that the relay delivers an envelope twice.
    pub duplicate: f64,
    /// Probability that an envelope is delayed, so that others overtake it.
    pub reorder: f64,
}

impl Link {
    /// Returns a link within a house: a latency of 1 ms, some jitter, no loss, unlimited bandwidth.
    pub const fn lan() -> Self {
        let (latency, jitter) = (Latency::Fixed(Duration::from_millis(1)), Duration::from_micros(100));
        Self { latency, jitter, loss: 0.0, bandwidth: 0, drop: 0.0, duplicate: 0.0, reorder: 0.0 }
    }

    /// Returns a link across a continent: a latency of 40 ms, some jitter, 2 MB per second. One write in 500 is delayed
    /// by a lost packet.
    pub const fn wan() -> Self {
        let (latency, jitter) = (Latency::Fixed(Duration::from_millis(40)), Duration::from_millis(8));
        Self { latency, jitter, loss: 0.002, bandwidth: 2_000_000, ..Self::lan() }
    }

    /// Returns the same link with another latency: a [`Duration`] for a fixed one, or a [`Latency`].
    #[must_use]
    pub fn latency(self, latency: impl Into<Latency>) -> Self {
        Self { latency: latency.into(), ..self }
    }

    /// Returns the same link without the time that bytes take on it.
    pub(crate) fn at_once(self) -> Self {
        let latency = Latency::Fixed(Duration::ZERO);
        Self { latency, jitter: Duration::ZERO, loss: 0.0, bandwidth: 0, ..self }
    }

    /// Draws a link; half of them span a continent. Links below 200 kB per second come only as faults, for a time.
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let ms = Duration::from_millis;
        match dice.below(8) {
            0 => Self::wan().latency(dice.between(ms(100), ms(400))),
            1 => Self::wan().latency(Latency::LogNormal { median: ms(80), sigma: 0.7 }),
            2 => Self { loss: 0.05, ..Self::wan() },
            3 => Self { bandwidth: 200_000 << dice.below(3), ..Self::wan() },
            _ => Self::wan(),
        }
    }
}

/// Time until a lost packet is first sent again; it doubles with each further loss.
const RETRANSMISSION: Duration = Duration::from_millis(250);

/// One direction of a link, which decides when what is written now arrives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pipe {
    /// Time until which earlier bytes occupy the link.
    pub(crate) busy_until: Duration,
    last_arrival: Duration,
}

impl Pipe {
    /// Returns when `bytes` bytes written now arrive: never before what was written earlier.
    pub(crate) fn arrival(&mut self, link: &Link, now: Duration, bytes: usize, dice: &mut Dice) -> Duration {
        let takes = match link.bandwidth {
            0 => Duration::ZERO,
            bandwidth => Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / bandwidth),
        };
        self.busy_until = self.busy_until.max(now) + takes;
        let mut arrival = self.busy_until + link.latency.draw(dice);
        if link.jitter > Duration::ZERO {
            arrival += dice.exponential(link.jitter);
        }
        let mut wait = RETRANSMISSION;
        while dice.chance(link.loss) && wait < Duration::from_secs(8) {
            arrival += wait;
            wait *= 2;
        }
        self.last_arrival = self.last_arrival.max(arrival);
        self.last_arrival
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_keeps_its_order_and_its_speed() {
        let link = Link { loss: 0.2, bandwidth: 1_000, ..Link::wan() };
        let (mut pipe, mut dice) = (Pipe::default(), Dice::new(3, 0));
        let mut last = Duration::ZERO;
        for _ in 0..100 {
            let arrival = pipe.arrival(&link, Duration::ZERO, 100, &mut dice);
            assert!(arrival >= last);
            last = arrival;
        }
        assert!(last >= Duration::from_secs(10), "10,000 bytes at a thousand a second took {last:?}");
    }
}
