//! The running network.
//!
//! [`Network`] has the state, and takes the next event of the queue. What happens then is in `nodes`, `relays`,
//! `wires`, `envelopes`, `mesh`, `mining`, `paying`, `lights`, `counting` and `troubles`. After it, `watch` and
//! `pauses` check the invariants.
//! A caller changes the network with `controls`, and observes it with `seen`.

mod control_error;
mod controls;
mod counting;
mod envelopes;
mod fates;
mod lights;
pub(crate) mod mesh;
mod mining;
mod nodes;
mod pause;
mod pauses;
mod paying;
mod payments;
pub(crate) mod queue;
mod relay_site;
mod relays;
mod search;
mod seen;
mod sim_node;
mod state;
mod traffic;
mod troubles;
mod watch;
mod wire;
mod wire_table;
mod wires;

pub use self::{
    control_error::ControlError,
    controls::FaultId,
    fates::{BlockFate, PaymentFate},
    seen::{Fact, MessageKind, Seen, SeenMessage},
    state::Network,
};
pub(crate) use self::{
    controls::MAX_GROWTH,
    fates::Fates,
    lights::LightNoted,
    mesh::draw_peer_id,
    queue::Happening,
    relay_site::RelaySite,
    search::{solve_header, spoil_header},
    sim_node::SimNode,
    state::{DiceSet, Owners},
    wire_table::WireTable,
};
