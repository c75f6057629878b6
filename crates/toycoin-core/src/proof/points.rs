//! The points at which a proof of work is sampled.

use ruint::Uint;

use crate::{commitment::Domain, digest::BlockHash, proof::MAX_SLICES, target::Work};

/// Wide enough for an octave (below 2^257) times a slice's number and draw (below 2^72).
type Wide = Uint<384, 6>;

/// Returns the points of a proof, as amounts of work counted from genesis, the highest first within a slice's width. A
/// point `p` asks for the header before which there is less work than `p`, and up to which there is at least `p`.
///
/// ```text
/// octave j = 0, 1, ..   while tail * 2^j < total            B = tail * 2^j
/// slice  q in 0..slices   r = first 8 bytes, little-endian, of H_light-sample(seed | tip | j u32 | q u32)
///                         d = B + floor(floor(B * (q * 2^64 + r) / slices) / 2^64)
///                         p = total - d, unless d >= total
/// ```
///
/// `seed` is drawn by the asker, so that nobody can prepare for it. `tail` is the work of the proof's tail and tip,
/// `total` that of the whole chain. There are at most 256 octaves; there is no point when `tail` or `slices` is 0.
/// More than [`MAX_SLICES`] slices count as that many.
pub fn points(seed: &[u8; 32], tip: &BlockHash, slices: u16, tail: Work, total: Work) -> Vec<Work> {
    let slices = slices.min(MAX_SLICES);
    let (total, mut octave) = (wide(total), wide(tail));
    let mut points = Vec::new();
    if octave.is_zero() {
        return points;
    }
    for j in 0_u32.. {
        if octave >= total {
            break;
        }
        for q in 0..slices {
            let hash = Domain::LightSample.hasher().bytes(seed).bytes(tip.as_bytes()).u32(j).u32(u32::from(q)).finish();
            let draw = hash.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let at = (Wide::from(q) << 64) + Wide::from(draw);
            let distance = octave + ((octave * at / Wide::from(slices)) >> 64);
            if distance < total {
                points.push(narrow(total - distance));
            }
        }
        octave <<= 1;
    }
    points
}

fn wide(work: Work) -> Wide {
    Wide::from_be_slice(&work.to_be_bytes())
}

/// Narrows a point, which is at most the total and so fits.
fn narrow(point: Wide) -> Work {
    let bytes: [u8; 48] = point.to_be_bytes();
    Work::from_be_bytes(*bytes.last_chunk().expect("48 bytes have a last 32"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::CompactTarget;

    fn work(n: u64) -> Work {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&n.to_be_bytes());
        Work::from_be_bytes(bytes)
    }

    #[test]
    fn each_slice_of_each_octave_has_one_point() {
        let (tail, total) = (1 << 20, 1 << 24);
        let points = points(&[7; 32], &BlockHash::ZERO, 8, work(tail), work(total));
        assert_eq!(points.len(), 4 * 8);
        for (place, point) in points.iter().enumerate() {
            let (octave, slice) = (tail << (place / 8), place as u64 % 8);
            let distance = total - u64::from_be_bytes(point.to_be_bytes()[24..].try_into().unwrap());
            let begin = octave + octave / 8 * slice;
            assert!((begin..begin + octave / 8).contains(&distance), "point {place} at distance {distance}");
        }
    }

    #[test]
    fn another_seed_or_tip_draws_other_points() {
        let draw = |seed, tip| points(&[seed; 32], &BlockHash::from_bytes([tip; 32]), 24, work(1_000), work(50_000));
        assert_eq!(draw(1, 1), draw(1, 1));
        assert_ne!(draw(1, 1), draw(2, 1));
        assert_ne!(draw(1, 1), draw(1, 2));
    }

    #[test]
    fn extreme_claims_are_harmless() {
        let most = Work::from_be_bytes([0xff; 32]);
        assert!(points(&[0; 32], &BlockHash::ZERO, 24, Work::ZERO, most).is_empty());
        assert!(points(&[0; 32], &BlockHash::ZERO, 24, most, most).is_empty());
        assert!(points(&[0; 32], &BlockHash::ZERO, 0, work(1), most).is_empty());
        let all = points(&[0; 32], &BlockHash::ZERO, u16::MAX, work(1), most);
        assert_eq!(all.len(), 256 * usize::from(MAX_SLICES), "an octave for each bit of the total");
        assert!(all.iter().all(|point| *point <= most));
        let limit = CompactTarget::from_bits(0x207f_ffff).to_target().unwrap();
        assert!(points(&[0; 32], &BlockHash::ZERO, 24, limit.work(), most).len() > 24 * 254);
    }
}
