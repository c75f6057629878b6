//! BIP-340's `lift_x`, sixteen at a time.

use crate::batch::lanes::{
    square_root::square_roots,
    vector_field::{LANES, VectorField},
    words::{BETA, from_bytes, is_below_p},
};

/// The generator's x. Its y is even, so it is what its x is lifted to. It fills lanes for which there is no x.
pub(super) const GENERATOR: [u8; 32] = [
    0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02, 0x9b, 0xfc,
    0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];

/// The groups of eight whose chains of squarings take turns.
const GROUPS: usize = 2;

/// Appends to the table the point with an even y for each x, then λ times these points from index `mapped` on. Returns
/// false if an x is not on the curve or not below p; the table is then of no use.
#[inline(always)]
pub(super) fn lift<F: VectorField>(unit: F, xs: &[&[u8; 32]], mapped: usize, table: &mut Vec<F::Row>) -> bool {
    let (zero, beta) = (unit.splat(&[0; 4]), unit.splat(&BETA));
    let seven = unit.splat(&[7, 0, 0, 0]);
    let begin = table.len();
    let first_mapped = begin + xs.len();
    // rows of λP are written behind those of P, which are counted beforehand
    table.resize(first_mapped + xs.len().saturating_sub(mapped), unit.row(&[0; 8]));
    for (number, chunk) in xs.chunks(GROUPS * LANES).enumerate() {
        let mut words = [[from_bytes(&GENERATOR); LANES]; GROUPS];
        for (words, x) in words.as_flattened_mut().iter_mut().zip(chunk) {
            *words = from_bytes(x);
            if !is_below_p(words) {
                return false;
            }
        }
        let [words_a, words_b] = &words;
        let x = [unit.load(words_a), unit.load(words_b)];
        let [x_a, x_b] = &x;
        let squares = [unit.square(x_a), unit.square(x_b)];
        let [square_a, square_b] = &squares;
        // y² = x³ + 7, weight 2
        let squares = [unit.add(&unit.mul(square_a, x_a), &seven), unit.add(&unit.mul(square_b, x_b), &seven)];
        let squares = squares.map(|square| unit.factor(&square));
        let roots = square_roots(unit, &squares);
        for (group, ((x, root), square)) in x.iter().zip(&roots).zip(&squares).enumerate() {
            // weight 1 + 4
            if unit.zeros(&unit.sub(&unit.square(root), square, 2)) != u8::MAX {
                return false;
            }
            let root = unit.canonical(root);
            let y = unit.select(unit.odds(&root), &root, &unit.reduce(&unit.sub(&zero, &root, 1)));
            let points = unit.rows(x, &y);
            let mapped_points = unit.rows(&unit.reduce(&unit.mul(x, &beta)), &y);
            let offset = GROUPS * LANES * number + LANES * group;
            for ((index, point), mapped_point) in (offset..xs.len()).zip(points).zip(mapped_points) {
                if let Some(row) = table.get_mut(begin + index) {
                    *row = point;
                }
                if let Some(row) = index.checked_sub(mapped).and_then(|place| table.get_mut(first_mapped + place)) {
                    *row = mapped_point;
                }
            }
        }
    }
    true
}
