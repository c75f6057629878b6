//! The messages that wait for a node's driver.

use tokio::sync::oneshot;

use crate::{
    protocol::{Request, RequestId, Response},
    rt::TransportEvent,
};

/// A message to the driver: from a relay's transport, or from a handle.
#[derive(Debug)]
pub(super) enum Message {
    Relay { relay: usize, event: TransportEvent },
    Request { id: RequestId, request: Request, reply: oneshot::Sender<Response> },
    Throttle { percent: u32, reply: oneshot::Sender<()> },
}
