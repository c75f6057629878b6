//! Reading a record.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
};

use serde::Deserialize;
use thiserror::Error;

use crate::{
    limits::{RECORD_BYTES, RECORD_LINES},
    record::trace,
    state::{State, VERSION},
};

/// A record that was checked: it begins with a state, and its events are numbered without a gap.
#[derive(Debug, Clone)]
pub struct Record {
    text: Arc<str>,
    state: State,
    events: u64,
}

/// The reason why something is no record.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is larger than a record can be.
    #[error("is larger than a record: at most 256 MiB and 2,000,000 lines")]
    TooLarge,
    /// Its first line is no state of this version.
    #[error("is no record: {0}; make one with --record FILE")]
    NoState(String),
    /// A later line is no event, or not the next one.
    #[error("is damaged in line {line}: {reason}")]
    Damaged {
        /// The number of the line, from 1 on.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// What an event of any type has. Types that this version does not know are left to the page.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
    us: u64,
}

impl Record {
    /// Reads a record, or a trace of the simulator (`simulate --trace FILE`), which shows less.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn read(from: impl Read) -> Result<Self, RecordError> {
        let mut from = BufReader::new(from.take(RECORD_BYTES + 1));
        let mut text = String::new();
        from.read_line(&mut text)?;
        if trace::is_trace(&text) {
            from.read_to_string(&mut text)?;
            return if text.len() as u64 > RECORD_BYTES { Err(RecordError::TooLarge) } else { trace::read(&text) };
        }
        let state: State = serde_json::from_str(&text).map_err(|error| RecordError::NoState(error.to_string()))?;
        if state.toycoin_view != VERSION {
            let version = state.toycoin_view;
            return Err(RecordError::NoState(format!("it has version {version}, this program reads {VERSION}")));
        }
        let (mut seq, mut us, mut line) = (state.seq, state.us, 1);
        loop {
            let begin = text.len();
            if from.read_line(&mut text)? == 0 {
                break;
            }
            line += 1;
            if text.len() as u64 > RECORD_BYTES || line > RECORD_LINES {
                return Err(RecordError::TooLarge);
            }
            let event = text.get(begin..).unwrap_or_default().trim();
            if event.is_empty() {
                continue;
            }
            let damaged = |reason: String| RecordError::Damaged { line, reason };
            let next: Numbered = serde_json::from_str(event).map_err(|error| damaged(error.to_string()))?;
            if next.seq != seq + 1 || next.us < us {
                return Err(damaged(format!("event {} at {} µs follows on {seq} at {us} µs", next.seq, next.us)));
            }
            (seq, us) = (next.seq, next.us);
        }
        let events = seq - state.seq;
        Ok(Self { text: text.into(), state, events })
    }

    /// Returns the state at the begin.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Returns the number of events.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the record as it was read.
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, Fact},
        state::NetworkInfo,
    };

    fn lines(count: u64) -> Vec<String> {
        let network = NetworkInfo { name: "lab".into(), genesis: "00".into(), spacing_ms: 2_000 };
        let state = State::new("00000000".into(), "simulated", Some(7), network);
        let note = || Fact::Note { text: "x".into(), level: "info".into() };
        let events = (1..=count).map(|seq| serde_json::to_string(&Event { seq, us: seq, fact: note() }).unwrap());
        [serde_json::to_string(&state).unwrap()].into_iter().chain(events).collect()
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let text = lines(3).join("\n");
        let record = Record::read(text.as_bytes()).unwrap();
        assert_eq!((record.events(), &**record.text()), (3, &*text));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert!(matches!(Record::read(&b""[..]), Err(RecordError::NoState(_))));
        assert!(matches!(Record::read(&b"\xff\xfe"[..]), Err(RecordError::Read(_))));
        let other = lines(0).concat().replace(r#""toycoin_view":1"#, r#""toycoin_view":2"#);
        assert!(matches!(Record::read(other.as_bytes()), Err(RecordError::NoState(_))));
        let damage: [fn(&mut Vec<String>); 4] = [
            |lines| drop(lines.remove(2)),
            |lines| lines.swap(1, 2),
            |lines| lines[2] = "{}".into(),
            |lines| lines[3].truncate(10),
        ];
        for (case, damage) in damage.into_iter().enumerate() {
            let mut lines = lines(3);
            damage(&mut lines);
            let read = Record::read(lines.join("\n").as_bytes());
            assert!(matches!(read, Err(RecordError::Damaged { .. })), "case {case}: {read:?}");
        }
    }
}
