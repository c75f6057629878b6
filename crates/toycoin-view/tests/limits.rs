//! What many viewers cost, also those that never read.

mod common;

use std::fs;

use common::{request, serve, sse::Viewer, view};
use toycoin_view::{
    Hub,
    event::{Block, Fact, Fate, Message, TipMove},
    limits::VIEWERS,
};

const EVENTS: &str = "/api/v1/events";

/// Growth of the process that 64 viewers and 20,000 events may cause.
const GROWTH_KIB: u64 = 32 << 10;

#[tokio::test]
async fn one_viewer_too_many_is_told_to_come_back() {
    let view = serve(view()).await;
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        let mut viewer = Viewer::connect(&view, &request(&view, "GET", EVENTS)).await;
        assert_eq!(viewer.status().await, 200);
        viewers.push(viewer);
    }
    let refused = request(&view, "GET", EVENTS).send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert!(refused.body.contains("/api/v1/state"), "{}", refused.body);
    assert_eq!(request(&view, "GET", "/api/v1/state").status().await, 200);
    // a place is free as soon as a viewer goes
    viewers.pop();
    let mut viewer = loop {
        let mut viewer = Viewer::connect(&view, &request(&view, "GET", EVENTS)).await;
        if viewer.status().await == 200 {
            break viewer;
        }
        tokio::task::yield_now().await;
    };
    view.hub().tell(1, note(5));
    viewer.read_to(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_never_read_cost_no_memory() {
    const COUNT: u64 = 20_000;
    let view = serve(view()).await;
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        viewers.push(Viewer::connect(&view, &request(&view, "GET", EVENTS)).await);
    }
    let mut fast = viewers.pop().expect("a viewer");
    assert_eq!(fast.status().await, 200);
    begin(view.hub());
    let first = view.hub().look(|state| state.seq);
    fast.read_to(first).await;
    let last = first + COUNT;
    let fast = tokio::spawn(async move {
        fast.read_to(last).await;
        fast
    });
    let before = resident_kib();
    for number in 0..COUNT {
        view.hub().tell(number, fact(number));
        if number % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let fast = fast.await.expect("a viewer");
    let after = resident_kib();
    assert!(after.saturating_sub(before) < GROWTH_KIB, "{before} KiB before, {after} KiB after");

    let state = view.hub().look(Clone::clone);
    assert_eq!(fast.state.as_ref(), Some(&state));
    for mut viewer in viewers {
        assert_eq!(viewer.status().await, 200);
        viewer.read_to(last).await;
        assert!(viewer.states > 1, "a viewer that misses events gets a new state");
        assert_eq!(viewer.state, fast.state);
    }
}

/// Adds 4 nodes.
fn begin(hub: &Hub) {
    for node in 0..4 {
        let (name, tip) = (format!("node {node}"), hash(0));
        hub.tell(0, Fact::Node { node, name, hash_rate: 10, tip, height: 0 });
    }
}

/// Returns events of 80 B to 14 kB.
fn fact(number: u64) -> Fact {
    let (from, message) = (usize::try_from(number % 4).expect("small"), number / 5);
    match number % 5 {
        0 => Fact::Sent(Message { message, from, to: vec![1], tag: "BLOC".into(), bytes: 735, about: None }),
        1 => Fact::Arrived { message, to: 1, fate: Fate::Delivered },
        2 => Fact::Block(Block {
            hash: hash(number),
            prev: hash(number.saturating_sub(5)),
            height: message,
            miner: Some(from),
            extra: "node".into(),
            extra_hex: "6e6f6465".into(),
            time: number,
            bits: 504_286_574,
            work: "1a3f".into(),
            txs: 1,
            size: 735,
            fees: 0,
        }),
        3 => Fact::Tip(TipMove {
            node: from,
            hash: hash(number),
            height: message,
            left: (0..number % 100).map(hash).collect(),
            left_count: None,
            joined: (0..number % 89).map(hash).collect(),
            joined_count: None,
            own: false,
        }),
        _ => note(number % 400),
    }
}

fn note(length: u64) -> Fact {
    Fact::Note { text: (0..length).map(|_| 'x').collect(), level: "info".into() }
}

fn hash(number: u64) -> String {
    format!("{number:064x}")
}

/// Returns the memory of this process that is resident, in KiB; 0 where the system does not say.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}
