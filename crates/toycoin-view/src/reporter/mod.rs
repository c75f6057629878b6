//! The reporter: turns what nodes and messages do into the facts of the schema, for every stage alike.

mod blocks;
mod mempools;
mod messages;
mod messenger;
mod moves;
mod node_report;

pub(crate) use self::{messages::MessageKey, messenger::Messenger, node_report::Reporter};
