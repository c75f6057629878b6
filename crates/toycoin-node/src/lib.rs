//! (in the making)

pub mod client;
pub mod limits;
pub mod machine;
pub mod mempool;
pub mod protocol;
pub mod relay;
#[cfg(feature = "runtime")]
pub mod rt;
