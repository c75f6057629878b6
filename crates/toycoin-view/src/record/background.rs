//! Writing on a thread of its own, so that a slow disk holds up nobody.

use std::{
    fmt,
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

/// Most pieces that wait to be written. A [`BufWriter`](std::io::BufWriter) makes them large.
const PIECES: usize = 256;

/// A writer whose writes never wait. If the output falls behind by 256 pieces, they fail.
pub struct Background {
    pieces: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<io::Result<()>>>,
    failure: Failure,
}

/// Whether the output of a [`Background`] has failed. That is known before the next write to it finds out.
#[derive(Debug, Clone, Default)]
pub struct Failure(Arc<AtomicBool>);

impl Failure {
    /// Returns whether it has failed.
    pub fn is_there(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Background {
    /// Writes to `out` on a thread of its own.
    ///
    /// # Errors
    /// When the system provides no thread.
    pub fn new(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (pieces, receiver) = sync_channel::<Vec<u8>>(PIECES);
        let failure = Failure::default();
        let failed = failure.clone();
        let run = move || {
            let written = receiver.into_iter().try_for_each(|piece| out.write_all(&piece)).and_then(|()| out.flush());
            failed.0.store(written.is_err(), Ordering::Release);
            written
        };
        let thread = thread::Builder::new().name("record".into()).spawn(run)?;
        Ok(Self { pieces: Some(pieces), thread: Some(thread), failure })
    }

    /// Returns what says whether the output has failed, for a [`Recorder`](super::Recorder).
    pub fn failure(&self) -> Failure {
        self.failure.clone()
    }

    /// Waits until all is written.
    fn end(&mut self) -> io::Result<()> {
        self.pieces = None;
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes has panicked")))
    }
}

impl Write for Background {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(pieces) = &self.pieces else { return Err(io::ErrorKind::BrokenPipe.into()) };
        match pieces.try_send(bytes.to_vec()) {
            Ok(()) => Ok(bytes.len()),
            Err(TrySendError::Full(_)) => Err(io::Error::new(io::ErrorKind::TimedOut, "the disk is too slow for it")),
            // why it ended
            Err(TrySendError::Disconnected(_)) => {
                self.end()?;
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
    }

    /// Writes all that waits, and ends.
    fn flush(&mut self) -> io::Result<()> {
        self.end()
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("has_ended", &self.pieces.is_none()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Receiver;

    use super::*;

    /// An output that takes each piece when it is allowed to, and hands it on.
    struct Gated(Receiver<()>, SyncSender<Vec<u8>>);

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_output_makes_writes_fail_and_not_wait() {
        let ((allow, gate), (taken, out)) = (sync_channel(1_000), sync_channel(1_000));
        let mut background = Background::new(Gated(gate, taken)).unwrap();
        let mut accepted = 0;
        let error = loop {
            match background.write_all(&[1]) {
                Ok(()) => accepted += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!((PIECES..=PIECES + 1).contains(&accepted), "{accepted}");
        for _ in 0..accepted {
            allow.send(()).unwrap();
        }
        background.flush().unwrap();
        assert_eq!(out.iter().take(accepted).count(), accepted);
        assert!(background.write_all(&[1]).is_err(), "it has ended");
    }

    #[test]
    fn the_error_of_the_output_comes_out() {
        let ((allow, gate), (taken, _)) = (sync_channel::<()>(1), sync_channel(1));
        drop(allow);
        let mut background = Background::new(Gated(gate, taken)).unwrap();
        // it may be taken before the output has failed
        let written = background.write_all(&[1]);
        assert!(written.is_err() || background.flush().is_err());
    }
}
