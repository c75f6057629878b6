//! Reading a record.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
};

use serde::{Deserialize, de::IgnoredAny};
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
    is_cut: bool,
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
    /// A last line that is not whole is left out: whoever wrote it was killed, or the disk was full.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn read(from: impl Read) -> Result<Self, RecordError> {
        let mut from = BufReader::new(from.take(RECORD_BYTES + 1));
        let mut text = String::new();
        from.read_line(&mut text)?;
        if trace::is_trace(&text) {
            let end = loop {
                match append_line(&mut from, &mut text)? {
                    Appended::Line => {}
                    end => break end,
                }
            };
            return Ok(Self { is_cut: end == Appended::Cut, ..trace::read(&text)? });
        }
        let state: State = serde_json::from_str(&text).map_err(|error| RecordError::NoState(error.to_string()))?;
        if state.toycoin_view != VERSION {
            let version = state.toycoin_view;
            return Err(RecordError::NoState(format!("it has version {version}, this program reads {VERSION}")));
        }
        let (mut seq, mut us, mut line) = (state.seq, state.us, 1);
        let end = loop {
            let begin = text.len();
            match append_line(&mut from, &mut text)? {
                Appended::Line => line += 1,
                end => break end,
            }
            if line > RECORD_LINES {
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
        };
        let events = seq - state.seq;
        Ok(Self { text: text.into(), state, events, is_cut: end == Appended::Cut })
    }

    /// Returns whether the last line was not whole, and was left out.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the state at the begin.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Returns the number of events.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the record as it was read, without a line that was left out.
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }
}

/// What was found behind the lines so far.
#[derive(Debug, PartialEq, Eq)]
enum Appended {
    /// A line.
    Line,
    /// The begin of a line.
    Cut,
    /// Nothing.
    End,
}

/// Appends the next line to the text, unless it is the last one and not whole.
fn append_line(from: &mut impl BufRead, text: &mut String) -> Result<Appended, RecordError> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Ok(Appended::End);
    }
    if (text.len() + line.len()) as u64 > RECORD_BYTES {
        return Err(RecordError::TooLarge);
    }
    let may_be_cut = !line.ends_with(b"\n") && !line.trim_ascii().is_empty();
    if may_be_cut && serde_json::from_slice::<IgnoredAny>(&line).is_err() {
        return Ok(Appended::Cut);
    }
    let line = String::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    text.push_str(&line);
    Ok(Appended::Line)
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
    fn a_last_line_that_is_cut_is_left_out() {
        let text = lines(3).join("\n").replace(":\"x\"", ":\"é\"");
        let whole = Record::read(text.as_bytes()).unwrap();
        assert!(!whole.is_cut() && whole.events() == 3);
        let third = text.rfind('\n').unwrap() + 1;
        // also in the middle of a character
        for cut in third + 1..text.len() {
            let record = Record::read(&text.as_bytes()[..cut]).unwrap();
            assert!(record.is_cut() && record.events() == 2, "at {cut}: {record:?}");
            assert_eq!(&**record.text(), &text[..third]);
        }
        let trace = "{\"n\":1,\"us\":1}\n{\"us\":1,\"begins\":\"x\"}\n{\"us\":1,\"ends";
        assert!(Record::read(trace.as_bytes()).unwrap().is_cut());
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
            |lines| lines[2].truncate(10),
        ];
        for (case, damage) in damage.into_iter().enumerate() {
            let mut lines = lines(3);
            damage(&mut lines);
            let read = Record::read(lines.join("\n").as_bytes());
            assert!(matches!(read, Err(RecordError::Damaged { .. })), "case {case}: {read:?}");
        }
    }
}
