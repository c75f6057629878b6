//! Wrong times: blocks dated ahead, dated back, and clocks that are behind.

mod dated;
mod freeze;
mod raise;
mod slow_clock;
mod timestamps;
mod witness;
mod world;

pub use self::{freeze::Freeze, raise::Raise, slow_clock::SlowClock, timestamps::Timestamps};
