//! What happens at a relay, as lines: who joins and leaves, who subscribes to what, and each message.
//!
//! ```text
//!   what              bytes  who
//!   joined                   node 1, id 07070707
//!   subscribed               node 1 to /topic/main
//!   BLOC              1,342  node 1 -> all on /topic/main
//!   left                     node 1: closed by the client
//! ```

use std::{pin::pin, time::Duration};

use toycoin_node::{RelayEvents, log_limiter::Omitted, relay::RelayEvent};
use toycoin_wire::{NodeId, Tag};

use crate::{
    client_names::{ClientNames, short},
    columns::{WIDTH, cut, width, wrap},
    lines::{Kind, Lines},
    look::{Colour, Look},
    output, say,
    words::{self, grouped},
};

/// Most events of one kind that are shown at once.
const BURST: u32 = 100;

/// Time after which one more event of a kind may be shown. So all kinds together print less than 1 MB per minute.
const REFILL: Duration = Duration::from_millis(500);

/// Columns of what happened: those of the longest word, `unsubscribed`.
const WHAT: usize = 12;

/// Columns of a message's size in bytes.
const BYTES: usize = 9;

/// Kind of the line that counts events which never came here.
const MISSING: &str = "...";

/// The lines about a relay, with a rate limit for each kind of event.
#[derive(Debug)]
pub struct RelayLines {
    look: Look,
    names: ClientNames,
    lines: Lines,
    /// Events that never came here, and that no line has counted yet.
    missing: u64,
}

impl RelayLines {
    /// Returns the lines about a relay that has at most so many clients.
    pub fn new(look: Look, clients: usize) -> Self {
        Self { look, names: ClientNames::new(clients), lines: Lines::with_rate(BURST, REFILL), missing: 0 }
    }

    /// Returns the names of the columns.
    pub fn head(&self) -> String {
        self.look.paint(Colour::Faint, &format!("{}who", before("what", "bytes")))
    }

    /// Returns the lines about an event; none if too many of its kind came.
    pub fn event(&mut self, event: &RelayEvent) -> Vec<String> {
        match event {
            RelayEvent::Joined { node_id, agent, .. } => self.names.insert(*node_id, agent),
            RelayEvent::LeftOut { count } => self.missing += count,
            _ => {}
        }
        let Some(kind) = kind_of(event) else { return Vec::new() };
        let omitted = self.lines.admit(Kind::Other(kind));
        let lines = omitted.map(|omitted| [self.omitted(kind, omitted), self.shown(event)].concat());
        if let RelayEvent::Left { node_id, .. } = event {
            self.names.remove(node_id);
        }
        lines.unwrap_or_default()
    }

    /// Waits until events of some kind have been left out for a while, and returns the line that counts them.
    ///
    /// Dropping the future loses nothing.
    pub async fn report(&mut self) -> Vec<String> {
        let (kind, omitted) = self.lines.report().await;
        self.omitted(kind, omitted)
    }

    /// Returns the lines that count what was left out and not counted yet, for the end.
    pub fn end(&mut self) -> Vec<String> {
        let owed = self.lines.take_all();
        let mut lines: Vec<_> = owed.into_iter().flat_map(|(kind, omitted)| self.omitted(kind, omitted)).collect();
        lines.extend(self.omitted(MISSING, Omitted::default()));
        lines
    }

    /// Returns the line that counts omitted lines of a kind, if there are any.
    fn omitted(&mut self, kind: &'static str, omitted: Omitted) -> Vec<String> {
        let said = match kind {
            MISSING => match std::mem::take(&mut self.missing) {
                0 => return Vec::new(),
                count => format!("{} left out", words::count(count, "line")),
            },
            _ if omitted.lines == 0 => return Vec::new(),
            _ => {
                let seconds = omitted.within.as_millis().div_ceil(1_000).max(1);
                format!("{} left out in the last {seconds} s", words::count(omitted.lines, "line"))
            }
        };
        vec![self.look.paint(Colour::Faint, &format!("{}{said}", before(kind, "")))]
    }

    /// Returns the lines that show an event: one, or two if a client's name, channel or reason is long.
    fn shown(&self, event: &RelayEvent) -> Vec<String> {
        let name = |id: &NodeId| self.names.name(id);
        let (what, said, colour) = match event {
            RelayEvent::Joined { node_id, .. } => {
                let (name, id) = (name(node_id), short(node_id));
                ("joined", if name.ends_with(&id) { name } else { format!("{name}, id {id}") }, None)
            }
            RelayEvent::Left { node_id, reason, .. } => {
                let why = reason.map_or("connection ended".to_owned(), |reason| reason.to_string());
                let colour = reason.filter(|reason| reason.is_misbehaviour()).map(|_| Colour::Refused);
                ("left", format!("{}: {why}", name(node_id)), colour)
            }
            RelayEvent::Refused { connection, reason } => {
                ("refused", format!("connection {}: {reason}", connection.0), Some(Colour::Refused))
            }
            RelayEvent::Subscribed { node_id, channel } => {
                ("subscribed", format!("{} to {channel}", name(node_id)), None)
            }
            RelayEvent::Unsubscribed { node_id, channel } => {
                ("unsubscribed", format!("{} from {channel}", name(node_id)), None)
            }
            RelayEvent::Published { from, to, channel, tag, size, receivers } => {
                let to = match (to, receivers) {
                    (None, 0) => format!("nobody on {channel}"),
                    (None, _) => format!("all on {channel}"),
                    (Some(to), 0) => format!("nobody (for {})", short(to)),
                    (Some(to), _) => name(to),
                };
                let before = before(&letters(*tag), &grouped(*size as u64));
                let said = format!("{} {} {to}", name(from), self.look.arrow());
                let line = format!("{before}{}", cut(&said, WIDTH.saturating_sub(width(&before))));
                return vec![if *tag == Some(Tag::TXN) { self.look.paint(Colour::Money, &line) } else { line }];
            }
            _ => return Vec::new(),
        };
        let lines = wrap(&before(what, ""), &said).into_iter();
        lines.map(|line| colour.map_or_else(|| line.clone(), |colour| self.look.paint(colour, &line))).collect()
    }
}

/// Somebody else who reads a relay's events.
pub type Reader = Box<dyn FnMut(&RelayEvent) + Send>;

/// Prints lines about a relay until it ends, or until nobody reads them and there is no other reader.
pub async fn print(mut events: RelayEvents, mut lines: RelayLines, mut other: Option<Reader>) {
    say!("{}", lines.head());
    let mut lost = pin!(output::lost());
    loop {
        let shown = tokio::select! {
            event = events.next() => match event {
                Some(event) => {
                    if let Some(other) = &mut other {
                        other(&event);
                    }
                    lines.event(&event)
                }
                None => break,
            },
            shown = lines.report() => shown,
            () = &mut lost => return read(events, other).await,
        };
        shown.iter().for_each(|line| say!("{line}"));
    }
    lines.end().iter().for_each(|line| say!("{line}"));
}

/// Reads the events for somebody else alone, until the relay ends.
pub async fn read(mut events: RelayEvents, other: Option<Reader>) {
    let Some(mut other) = other else { return };
    while let Some(event) = events.next().await {
        other(&event);
    }
}

/// Returns the first two columns of a line.
fn before(what: &str, bytes: &str) -> String {
    format!("  {what:<WHAT$}  {bytes:>BYTES$}  ")
}

/// Returns the kind of an event, for the rate limit. Strangers choose tags, so those that are not known are one kind.
const fn kind_of(event: &RelayEvent) -> Option<&'static str> {
    Some(match event {
        RelayEvent::Joined { .. } => "joined",
        RelayEvent::Left { .. } => "left",
        RelayEvent::Refused { .. } => "refused",
        RelayEvent::Subscribed { .. } => "subscribed",
        RelayEvent::Unsubscribed { .. } => "unsubscribed",
        RelayEvent::LeftOut { .. } => MISSING,
        RelayEvent::Published { tag, .. } => match tag {
            Some(Tag::STAT) => "STAT",
            Some(Tag::TXN) => "TXN",
            Some(Tag::BLOC) => "BLOC",
            Some(Tag::GHDR) => "GHDR",
            Some(Tag::HDRS) => "HDRS",
            Some(Tag::GBLK) => "GBLK",
            Some(Tag::NOTF) => "NOTF",
            Some(Tag::GTXN) => "GTXN",
            Some(Tag::RJCT) => "RJCT",
            Some(Tag::CBLK) => "CBLK",
            Some(Tag::GBTX) => "GBTX",
            Some(Tag::BTXS) => "BTXS",
            _ => "other",
        },
        _ => return None,
    })
}

/// Returns the letters of a tag, or `unknown` if they are none that can be printed.
fn letters(tag: Option<Tag>) -> String {
    let bytes = tag.map(Tag::to_bytes).unwrap_or_default();
    let is_shown = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let letters = if is_shown { String::from_utf8_lossy(&bytes).trim().to_owned() } else { String::new() };
    if letters.is_empty() { "unknown".to_owned() } else { letters }
}

#[cfg(test)]
mod tests;
