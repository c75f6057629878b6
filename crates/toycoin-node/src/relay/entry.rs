//! One frame that waits in a queue.

use crate::relay::{CloseReason, deliveries::DeliveryId};

/// One waiting frame. Control frames are encoded when they are written, so a waiting one needs no further memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Delivery(DeliveryId),
    Welcome,
    Ping(u64),
    Pong(u64),
    Lagged(u64),
    Goodbye(CloseReason),
}
