//! What tests on sockets begin with.

use std::time::Duration;

use tokio::time::timeout;
use toycoin_node::{RelayHandle, RelayServer, relay::RelayConfig};

/// Longer than anything here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);

/// Runs a test in a runtime of its own.
pub(crate) fn run_test(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(DEADLINE, test).await.expect("the test ends in time") });
}

/// A relay on a free port, which ends when its handle is dropped.
pub(crate) fn relay() -> RelayHandle {
    RelayServer::bind("127.0.0.1:0", RelayConfig::default()).unwrap().spawn().unwrap()
}
