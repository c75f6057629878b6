//! Bodies: requests to several peers at once for the blocks whose headers are known.
//!
//! The branch of the best header comes first. If nobody sends its lowest block soon, the other branches of the peers
//! come before it, and the node proceeds as far as there are bodies (`withheld.rs`).
//!
//! Each block has at most one open request per connection. A request is late when its peer's time is over and all
//! deliveries that waited at the relay have arrived; then another peer is asked. While the block may only wait behind
//! others at the relay, an idle connection is asked as well.

mod in_flight;
mod pipeline;
mod sources;
mod sync;
mod withheld;

pub(super) use self::{pipeline::Pipeline, sync::BodySync};
