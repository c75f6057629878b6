//! The system's limit on open files, which bounds the connections of a program.

use crate::{columns::wrap, words::grouped};

/// Files that a relay opens beside its connections: the listeners, the runtimes' own, logs, and refused clients that
/// get a goodbye.
const SPARE: u64 = 200;

/// Raises this process's limit on open files as far as the system lets it, and returns the limit: `None` if the system
/// has no such limit or does not say.
pub fn raise_limit() -> Option<u64> {
    #[cfg(unix)]
    return rlimit::increase_nofile_limit(u64::MAX).or_else(|_| rlimit::Resource::NOFILE.get_soft()).ok();
    #[cfg(not(unix))]
    None
}

/// Returns for how many connections there is room: at most `wanted`, and fewer if the limit on open files is low.
pub fn connections(wanted: usize, open_files: Option<u64>) -> usize {
    let Some(limit) = open_files else { return wanted };
    // even a very low limit leaves room for somebody
    let room = limit - SPARE.min(limit / 2);
    wanted.min(usize::try_from(room).unwrap_or(usize::MAX))
}

/// Returns the lines that say for how many connections there is room, and what would make room for all that are wanted.
pub fn room(connections: usize, wanted: usize, open_files: Option<u64>) -> Vec<String> {
    let mut text = format!("room for {} connections", grouped(connections as u64));
    if let Some(limit) = open_files.filter(|_| connections < wanted) {
        let (limit, wanted) = (grouped(limit), grouped(wanted as u64));
        text += &format!(" of {wanted}: the system allows {limit} open files; raise that with `ulimit -n`");
    }
    wrap("", &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_leaves_files_for_other_things() {
        for (limit, room) in
            [(None, 10_000), (Some(u64::MAX), 10_000), (Some(1_024), 824), (Some(300), 150), (Some(0), 0)]
        {
            assert_eq!(connections(10_000, limit), room, "{limit:?}");
        }
        assert_eq!(connections(40, Some(1_024)), 40);
    }

    #[test]
    #[cfg(unix)]
    fn raising_the_limit_twice_changes_nothing() {
        let limit = raise_limit();
        assert!(limit.is_some_and(|limit| limit > 0));
        assert_eq!(raise_limit(), limit);
    }
}
