//! Stages: where the events come from, and who carries out the commands.

mod clients;
mod groups;
mod heard;
mod kind;
pub mod live;
mod nodes;
pub mod simulated;
mod watch;

pub use self::{
    clients::Clients,
    heard::Heard,
    kind::Stage,
    nodes::{Nodes, NodesError},
};
