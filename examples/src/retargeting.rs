//! The difficulty's move over some blocks, in words.

use crate::{look::Look, words::count};

/// Returns how the bits moved over some blocks, from `old` to `new`, and why: the time that the blocks took, and the
/// time that was wanted for them, in milliseconds.
pub fn said((old, new): (f64, f64), blocks: u64, (took_ms, wanted_ms): (u64, u64), look: Look) -> String {
    let seconds = |ms: u64| format!("{:.1}", ms as f64 / 1_000.0);
    let (old, new) = (format!("{old:.1}"), format!("{new:.1}"));
    let moved = if old == new { format!("stays at {old} bits") } else { format!("{old} {} {new} bits", look.arrow()) };
    let blocks = count(blocks, "block");
    format!("retarget: {blocks} in {} s instead of {} s, difficulty {moved}", seconds(took_ms), seconds(wanted_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_said_with_its_reason() {
        let said = |new, blocks| said((24.0, new), blocks, (9_240, 12_000), Look::PLAIN);
        assert_eq!(said(24.07, 6), "retarget: 6 blocks in 9.2 s instead of 12.0 s, difficulty 24.0 -> 24.1 bits");
        assert_eq!(said(24.01, 1), "retarget: 1 block in 9.2 s instead of 12.0 s, difficulty stays at 24.0 bits");
    }
}
