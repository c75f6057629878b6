//! Accepts connections.

use std::{sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    limits::SHUTDOWN_TIME,
    server::{connection, connections::Connections, events::Closing},
};

/// Accepts connections until the server shuts down, and then waits for them to end, at most [`SHUTDOWN_TIME`].
pub(crate) async fn accept(listener: TcpListener, router: Router, mut closing: Closing) {
    let connections = Arc::new(Connections::default());
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = closing.wait() => break,
            // a task that panicked was one connection alone
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if let Some(place) = connections.open(Instant::now()) {
                        tasks.spawn(connection::serve(stream, place, router.clone(), closing.clone()));
                    }
                }
                Err(error) => {
                    // there may be no file descriptor left; some connection will end and free one
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    // those that do not end in time are dropped with the set
    let _ = timeout(SHUTDOWN_TIME, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Time before the next attempt, after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
