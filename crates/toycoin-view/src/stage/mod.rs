//! Stages: where the events come from, and who carries out the commands.

mod groups;
mod kind;
pub mod live;
mod nodes;
pub mod simulated;
mod watch;

pub use self::{
    kind::Stage,
    nodes::{Nodes, NodesError},
};
