//! A relay's log lines about strangers, with a rate limit against floods.

use std::io;

use crate::{log_limiter::LogLimiter, machine::Monotonic, relay::CloseReason};

/// Writes the lines that strangers can cause; each kind has its own rate limit.
#[derive(Debug, Default)]
pub(super) struct RelayLog {
    limiter: LogLimiter,
}

impl RelayLog {
    /// Logs that the system provides no more connections.
    pub(super) fn cannot_accept(&mut self, error: &io::Error, now: Monotonic) {
        if let Some(omitted) = self.limiter.admit(ACCEPT, now) {
            tracing::warn!(%error, "cannot accept connections for a moment{omitted}");
        }
    }

    /// Logs that the relay ends a connection, if the reason concerns the relay or the client's behaviour.
    pub(super) fn closes(&mut self, connection: u64, reason: CloseReason, now: Monotonic) {
        if is_for_want_of_room(reason) {
            if let Some(omitted) = self.limiter.admit(ROOM, now) {
                tracing::warn!(connection, %reason, "closed a connection for want of room{omitted}");
            }
        } else if reason.is_misbehaviour()
            && let Some(omitted) = self.limiter.admit(MISBEHAVIOUR, now)
        {
            tracing::info!(connection, %reason, "closed a connection that broke the protocol{omitted}");
        }
    }

    /// Returns when [`report`](Self::report) next has something to log.
    pub(super) fn next_report(&self) -> Option<Monotonic> {
        self.limiter.next_report()
    }

    /// Logs how many lines were omitted from floods that have ended.
    pub(super) fn report(&mut self, now: Monotonic) {
        while let Some((kind, omitted)) = self.limiter.take_report(now) {
            if kind == MISBEHAVIOUR {
                tracing::info!("{kind}{omitted}");
            } else {
                tracing::warn!("{kind}{omitted}");
            }
        }
    }
}

const fn is_for_want_of_room(reason: CloseReason) -> bool {
    use CloseReason::{PartialMemory, TooManyChannels, TooManyConnections, UnreadMemory};
    matches!(reason, TooManyConnections | TooManyChannels | PartialMemory | UnreadMemory)
}

const ACCEPT: &str = "connections that could not be accepted";
const ROOM: &str = "connections closed for want of room";
const MISBEHAVIOUR: &str = "connections closed that broke the protocol";

#[cfg(test)]
mod tests {
    use std::{
        fmt::{self, Write as _},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    use super::*;

    /// Counts lines and their bytes.
    #[derive(Clone, Default)]
    struct Counter(Arc<(AtomicUsize, AtomicUsize)>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            let _ = write!(self.0, " {field}={value:?}");
        }
    }

    impl Subscriber for Counter {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.0.fetch_add(1, Ordering::Relaxed);
            self.0.1.fetch_add(line.0.len(), Ordering::Relaxed);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_minute_of_every_flood_writes_a_few_kilobytes() {
        let counter = Counter::default();
        let mut log = RelayLog::default();
        tracing::subscriber::with_default(counter.clone(), || {
            for ms in 0..60_000 {
                let now = Monotonic::new(Duration::from_millis(ms));
                log.cannot_accept(&io::Error::other("too many open files"), now);
                for reason in [
                    CloseReason::TooManyConnections,
                    CloseReason::BadFrame,
                    CloseReason::ByPeer,
                    CloseReason::UnreadMemory,
                    CloseReason::BadMessage,
                    CloseReason::HelloTimeout,
                ] {
                    log.closes(ms, reason, now);
                }
            }
            log.report(Monotonic::new(Duration::from_secs(60)));
        });
        let (lines, bytes) = (counter.0.0.load(Ordering::Relaxed), counter.0.1.load(Ordering::Relaxed));
        // three kinds of line, each with a burst of ten and one line per two seconds
        assert_eq!(lines, 3 * 40);
        assert!(bytes < 200 * lines, "{bytes}");
        assert_eq!(log.next_report(), None);
    }
}
