//! Stages: where the events come from, and who carries out the commands.

mod kind;
pub mod simulated;

pub use self::kind::Stage;
