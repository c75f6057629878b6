//! Core dumps: a wallet that crashes must not write its memory to a disk.

/// Lets the system write no core dump of this process. A system that cannot is not complained about.
pub fn forbid() {
    #[cfg(unix)]
    drop(rlimit::setrlimit(rlimit::Resource::CORE, 0, 0));
}
