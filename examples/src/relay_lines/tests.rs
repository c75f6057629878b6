use toycoin_node::relay::{CloseReason, ConnectionId};
use toycoin_wire::Channel;

use super::*;

fn id(number: u8) -> NodeId {
    NodeId::new([number; 16])
}

fn channel(name: &str) -> Channel {
    name.parse().unwrap()
}

fn joined(number: u8, agent: &str) -> RelayEvent {
    RelayEvent::Joined { connection: ConnectionId(number.into()), node_id: id(number), agent: agent.into() }
}

fn left(number: u8, reason: Option<CloseReason>) -> RelayEvent {
    RelayEvent::Left { connection: ConnectionId(number.into()), node_id: id(number), reason }
}

fn message(from: u8, to: Option<u8>, tag: &[u8; 4], receivers: usize) -> RelayEvent {
    RelayEvent::Published {
        from: id(from),
        to: to.map(id),
        channel: channel("/topic/main"),
        tag: Some(Tag::new(*tag)),
        size: 1_342,
        receivers,
    }
}

fn plain() -> RelayLines {
    RelayLines::new(Look::PLAIN, 100)
}

/// Every kind of event, with the longest texts that a stranger can choose.
fn longest(number: u8) -> Vec<RelayEvent> {
    let name = channel(&"z".repeat(64));
    let tags = ["STAT", "TXN ", "BLOC", "GHDR", "HDRS", "GBLK", "NOTF", "GTXN", "RJCT", "\x1b[2J", "long"];
    let mut events = vec![joined(number, &"\u{1b}".repeat(64))];
    events.push(RelayEvent::Subscribed { node_id: id(number), channel: name.clone() });
    for tag in tags {
        for to in [None, Some(number), Some(255)] {
            events.push(RelayEvent::Published {
                from: id(number),
                to: to.map(id),
                channel: name.clone(),
                tag: tag.as_bytes().first_chunk().copied().map(Tag::new),
                size: 1_572_864,
                receivers: usize::from(to != Some(255)),
            });
        }
    }
    events.push(RelayEvent::Unsubscribed { node_id: id(number), channel: name });
    events.push(RelayEvent::LeftOut { count: 1 << 40 });
    events.push(RelayEvent::Refused { connection: ConnectionId(u64::MAX), reason: CloseReason::UnreadMemory });
    events
}

#[test]
fn each_event_is_a_line_under_the_head() {
    let mut lines = plain();
    assert_eq!(lines.head(), "  what              bytes  who");
    for (event, line) in [
        (joined(7, "node 1"), "  joined                   node 1, id 07070707"),
        (
            RelayEvent::Subscribed { node_id: id(7), channel: channel("/topic/main") },
            "  subscribed               node 1 to /topic/main",
        ),
        (message(7, None, b"BLOC", 2), "  BLOC              1,342  node 1 -> all on /topic/main"),
        (message(7, None, b"STAT", 0), "  STAT              1,342  node 1 -> nobody on /topic/main"),
        (joined(8, "node 2"), "  joined                   node 2, id 08080808"),
        (joined(9, "node 2"), "  joined                   node 2 09090909"),
        (left(9, None), "  left                     node 2 09090909: connection ended"),
        (message(8, Some(7), b"TXN ", 1), "  TXN               1,342  node 2 -> node 1"),
        (message(8, Some(9), b"GBLK", 0), "  GBLK              1,342  node 2 -> nobody (for 09090909)"),
        (message(8, None, b"\0\x1b[2", 1), "  unknown           1,342  node 2 -> all on /topic/main"),
        (
            RelayEvent::Unsubscribed { node_id: id(7), channel: channel("/topic/main") },
            "  unsubscribed             node 1 from /topic/main",
        ),
        (left(7, Some(CloseReason::ByPeer)), "  left                     node 1: closed by the client"),
        (left(8, None), "  left                     node 2: connection ended"),
        (message(7, None, b"BLOC", 1), "  BLOC              1,342  07070707 -> all on /topic/main"),
        (
            RelayEvent::Refused { connection: ConnectionId(5), reason: CloseReason::TooManyConnections },
            "  refused                  connection 5: relay has no room for another\n                           connection",
        ),
        (RelayEvent::LeftOut { count: 1_234 }, "  ...                      1,234 lines left out"),
    ] {
        assert_eq!(lines.event(&event).join("\n"), line);
    }
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    for look in [Look::PLAIN, Look { unicode: true, ..Look::PLAIN }] {
        let mut lines = RelayLines::new(look, 100);
        // both have the longest name
        for number in [1, 2] {
            for event in longest(number) {
                let shown = lines.event(&event);
                assert!(!shown.is_empty(), "{event:?}");
                for line in shown {
                    assert!(width(&line) <= WIDTH && !line.contains(char::is_control), "{line:?}");
                }
            }
        }
    }
}

#[test]
fn a_minute_of_every_flood_is_less_than_a_megabyte() {
    let mut lines = RelayLines::new(Look { colour: true, unicode: true, live: false }, 100);
    let (mut bytes, mut shown) = (0, 0);
    for number in (0..=254_u8).cycle().take(3_000) {
        lines.lines.skipped += Duration::from_millis(20);
        for event in longest(number).into_iter().chain([left(number, Some(CloseReason::UnreadMemory))]) {
            for line in lines.event(&event) {
                bytes += line.len() + 1;
                shown += 1;
            }
        }
    }
    // each of the 16 kinds shows its burst and then its rate
    assert!(shown >= 16 * (100 + 2 * 59) && bytes < 1_000_000, "{shown} lines, {bytes} bytes");
}

#[test]
fn what_a_flood_left_out_is_counted() {
    let mut lines = plain();
    let shown: usize = (0..1_000).map(|_| lines.event(&message(1, None, b"STAT", 1)).len()).sum();
    assert!(shown >= 100);
    (0..3).for_each(|_| drop(lines.event(&RelayEvent::LeftOut { count: 5 })));
    let said = |lines: &mut RelayLines| lines.end().join("\n");
    let left_out = 1_000 - shown;
    let end = said(&mut lines);
    assert!(end.contains(&format!("STAT                     {left_out} lines left out in the last ")), "{end}");
    assert_eq!(said(&mut lines), "", "counted once");
}

#[tokio::test]
async fn the_end_of_a_flood_is_reported_by_itself() {
    let mut lines = plain();
    let shown: usize = (0..200).map(|_| lines.event(&message(1, None, b"BLOC", 1)).len()).sum();
    let report = lines.report().await.concat();
    assert!(report.starts_with(&format!("  BLOC                     {} lines left out in", 200 - shown)), "{report}");
    assert_eq!(lines.end(), [""; 0]);
}
