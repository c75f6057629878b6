//! A mesh: nodes that are connected to each other without a relay.
//!
//! Each node runs the real machine of peering, which finds addresses and decides whom to dial. Connections carry whole
//! messages: gossip, questions and their answers. They are in order in each direction, as on a TCP connection.
//!
//! ```text
//!   NodeMachine ──Say, Judge, End, Shun──▶ gossip, asking ──▶ carrying ──▶ queue ──▶ Heard ──▶ NodeMachine
//!   Peering ─────Dial, Drop, AskAddresses──▶ peering, connecting ───────▶ queue ──▶ Connected, Gone ──▶ Peering
//! ```

mod asking;
mod carrying;
mod connecting;
mod gossip;
mod link;
mod message_cache;
mod peering;
mod site;
mod state;

pub(crate) use self::{
    link::{LinkId, Parcel},
    site::{MeshSite, draw_peer_id},
    state::{Mesh, MeshHappening},
};
