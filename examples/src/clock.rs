//! The system's clock, and times of the past for people.

use std::time::SystemTime;

use toycoin_core::HumanDuration;

/// Returns the system's time, in milliseconds since 1970; 0 if the clock is before that.
pub fn now_ms() -> u64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Returns how long before `now_ms` a time was, such as `4 min 12 s ago`; `None` if it is to come. Both are in
/// milliseconds since 1970.
pub fn ago(time_ms: u64, now_ms: u64) -> Option<String> {
    now_ms.checked_sub(time_ms).map(|passed| format!("{} ago", HumanDuration::from_ms(passed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_come_is_not_ago() {
        assert_eq!(ago(1_000, 253_000).as_deref(), Some("4 min 12 s ago"));
        assert_eq!(
            [ago(5, 5), ago(0, u64::MAX), ago(6, 5)],
            [Some("0 ms ago".into()), Some("more than a year ago".into()), None]
        );
    }
}
