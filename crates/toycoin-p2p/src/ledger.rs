//! A limit for the bytes of messages that have arrived in part, of all peers together.
//!
//! A peer that begins a message and goes on slowly costs memory for as long. When all of them cost too much, the stream
//! that has waited longest gives way. Its peer may just be slow, so nobody is blamed.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use libp2p::futures::{
    channel::oneshot,
    future::{Either, select},
    io::{AsyncRead, AsyncReadExt},
};

/// The bytes of all streams, and their limit.
#[derive(Debug, Clone)]
pub(crate) struct Ledger(Arc<Mutex<Entries>>);

#[derive(Debug)]
struct Entries {
    most: usize,
    used: usize,
    next: u64,
    /// By number, so that the first has waited longest.
    streams: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    bytes: usize,
    /// Dropped to end the stream.
    _alive: oneshot::Sender<()>,
}

/// The part of one stream. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    ledger: Ledger,
    number: u64,
    ended: oneshot::Receiver<()>,
}

impl Ledger {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Entries { most, used: 0, next: 0, streams: BTreeMap::new() })))
    }

    /// Enters a stream, without bytes so far.
    pub(crate) fn enter(&self) -> Share {
        let (alive, ended) = oneshot::channel();
        let mut entries = self.entries();
        let number = entries.next;
        entries.next += 1;
        entries.streams.insert(number, Entry { bytes: 0, _alive: alive });
        drop(entries);
        Share { ledger: self.clone(), number, ended }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // nothing panics while it is held
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Charges bytes that are about to be allocated. Streams that have waited longer end if there are too many then.
    ///
    /// # Errors
    /// If this stream has ended.
    pub(crate) fn charge(&self, bytes: usize) -> io::Result<()> {
        let mut entries = self.ledger.entries();
        let entries = &mut *entries;
        let Some(entry) = entries.streams.get_mut(&self.number) else { return Err(ended()) };
        entry.bytes += bytes;
        entries.used += bytes;
        while entries.used > entries.most {
            let Some((number, first)) = entries.streams.pop_first() else { break };
            entries.used -= first.bytes;
            if number == self.number {
                return Err(ended());
            }
        }
        Ok(())
    }

    /// Reads some bytes, 0 at the end.
    ///
    /// # Errors
    /// If the stream fails, or gives way to others.
    pub(crate) async fn read<T: AsyncRead + Unpin + Send>(
        &mut self,
        io: &mut T,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        match select(io.read(buffer), &mut self.ended).await {
            Either::Left((read, _)) => read,
            Either::Right(_) => Err(ended()),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut entries = self.ledger.entries();
        if let Some(entry) = entries.streams.remove(&self.number) {
            entries.used -= entry.bytes;
        }
    }
}

fn ended() -> io::Error {
    io::Error::other("too many messages of peers have arrived in part; this one waited longest")
}

#[cfg(test)]
mod tests {
    use libp2p::futures::{executor::block_on, future::join, io::Cursor};

    use super::*;

    #[test]
    fn stream_that_waited_longest_gives_way() {
        let ledger = Ledger::new(100);
        let (first, second, third) = (ledger.enter(), ledger.enter(), ledger.enter());
        first.charge(40).unwrap();
        second.charge(40).unwrap();
        third.charge(40).unwrap();
        assert!(first.charge(1).is_err(), "it has ended");
        second.charge(20).unwrap();
        assert!(second.charge(1).is_err(), "it is now the one that waited longest");
        third.charge(60).unwrap();
        assert_eq!(ledger.entries().used, 100);
        drop((first, second, third));
        assert_eq!(ledger.entries().used, 0);
        assert!(ledger.entries().streams.is_empty());
    }

    #[test]
    fn one_stream_cannot_exceed_the_limit_alone() {
        let ledger = Ledger::new(100);
        let share = ledger.enter();
        assert!(share.charge(101).is_err());
        assert_eq!(ledger.entries().used, 0);
    }

    #[test]
    fn reading_ends_when_the_stream_gives_way() {
        /// Never ready.
        struct Silent;
        impl AsyncRead for Silent {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                _: &mut [u8],
            ) -> std::task::Poll<io::Result<usize>> {
                std::task::Poll::Pending
            }
        }
        let ledger = Ledger::new(100);
        let (mut slow, fast) = (ledger.enter(), ledger.enter());
        slow.charge(60).unwrap();
        let mut buffer = [0; 8];
        let mut silent = Silent;
        let reading = slow.read(&mut silent, &mut buffer);
        let charging = async {
            fast.charge(60).unwrap();
        };
        let (read, ()) = block_on(join(reading, charging));
        assert!(read.is_err());
    }

    #[test]
    fn reading_passes_bytes_on() {
        let mut share = Ledger::new(100).enter();
        let mut buffer = [0; 8];
        let read = block_on(share.read(&mut Cursor::new(b"abc"), &mut buffer)).unwrap();
        assert_eq!(&buffer[..read], b"abc");
    }
}
