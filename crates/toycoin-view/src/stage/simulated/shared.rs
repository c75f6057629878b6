//! What the stage knows of the network on its thread.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use toycoin_core::ChainParams;

/// What the stage knows of the network on its thread, without asking.
#[derive(Debug)]
pub(super) struct Shared {
    nodes: AtomicUsize,
    params: Mutex<ChainParams>,
}

impl Shared {
    pub(super) const fn new(params: ChainParams, nodes: usize) -> Self {
        Self { nodes: AtomicUsize::new(nodes), params: Mutex::new(params) }
    }

    /// Returns the number of nodes.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.load(Ordering::Acquire)
    }

    pub(super) fn set_nodes(&self, nodes: usize) {
        self.nodes.store(nodes, Ordering::Release);
    }

    /// Returns the network's parameters.
    pub(super) fn params(&self) -> ChainParams {
        self.params.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that another network is shown.
    pub(super) fn set_network(&self, params: ChainParams, nodes: usize) {
        *self.params.lock().unwrap_or_else(PoisonError::into_inner) = params;
        self.set_nodes(nodes);
    }
}
