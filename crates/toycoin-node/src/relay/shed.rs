//! Load shedding: the relay drops messages when all its queues together hold too much.

use crate::relay::{CloseReason, RelayMachine, deliveries::Doomed};

impl RelayMachine {
    /// Drops the oldest deliveries of the origins that hold most, from every queue, until the relay is well below its
    /// bound.
    ///
    /// The origin pays, not the fullest queue: a stranger with a thousand slow subscribers could make each honest
    /// client's queue the fullest. Each call looks at every queue once and frees an eighth of all bytes, so its cost
    /// per message is bounded.
    #[cold]
    pub(super) fn shed(&mut self) {
        let most = self.config.queued_bytes;
        self.end_slowest(most / 2);
        let mut doomed = Doomed::default();
        while self.deliveries.weight() > most {
            let too_much = self.deliveries.weight() - (most - most / 8);
            if !self.deliveries.doom(&mut doomed, too_much, self.deliveries.weight()) {
                return;
            }
            for connection in self.connections.iter_mut().flatten() {
                self.stats.dropped += connection.queue.drop_doomed(&doomed, &mut self.deliveries);
            }
        }
    }

    /// Ends the connections with the oldest half written deliveries, until all half written deliveries have at most
    /// `most` bytes. They cannot be dropped, and a client that reads a byte now and then would keep them for ever.
    fn end_slowest(&mut self, most: usize) {
        let half_written = self.connections.iter().enumerate().filter_map(|(slot, connection)| {
            let id = connection.as_ref()?.queue.half_written()?;
            Some((self.deliveries.serial_of(id), slot, self.deliveries.frame(id).len()))
        });
        let mut half_written: Vec<_> = half_written.collect();
        half_written.sort_unstable();
        let lengths = half_written.chunk_by(|one, next| one.0 == next.0).map(|same| same[0].2);
        let mut bytes: usize = lengths.sum();
        for same in half_written.chunk_by(|one, next| one.0 == next.0) {
            if bytes <= most {
                return;
            }
            bytes -= same[0].2;
            for (_, slot, _) in same {
                self.forget(*slot, CloseReason::UnreadMemory);
            }
        }
    }
}
