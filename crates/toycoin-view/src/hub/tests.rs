use super::*;
use crate::state::NetworkInfo;

fn hub() -> Arc<Hub> {
    let network = NetworkInfo { name: "lab".into(), genesis: "00".into(), spacing_ms: 2_000 };
    Hub::new(State::new("0123abcd".into(), "simulated", Some(7), network))
}

fn note(text: impl Into<String>) -> Fact {
    Fact::Note { text: text.into(), level: "info".into() }
}

async fn seq(viewer: &mut Viewer) -> (bool, u64) {
    match viewer.next().await {
        Next::State(line) => (true, line.seq),
        Next::Event(line) => (false, line.seq),
    }
}

#[tokio::test]
async fn a_viewer_gets_the_state_and_then_each_event() {
    let hub = hub();
    hub.tell(5, note("one"));
    let mut viewer = hub.join(None);
    hub.tell(4, note("two"));
    hub.tell(6, note("three"));
    assert_eq!(seq(&mut viewer).await, (true, 3), "the state is taken when it is sent");
    hub.tell(7, note("four"));
    assert_eq!(seq(&mut viewer).await, (false, 4));
}

#[tokio::test]
async fn a_viewer_that_resumes_gets_what_it_missed() {
    let hub = hub();
    for number in 0..2 * VIEWER_LAG {
        hub.tell(number, note(number.to_string()));
    }
    let mut viewer = hub.join(Some("0123abcd-10"));
    for expected in 11..=2 * VIEWER_LAG {
        assert_eq!(seq(&mut viewer).await, (false, expected));
    }
    for id in ["0123abcd-1025", "0123abce-10", "10", "0123abcd-", "0123abcd-+1", "0123abcd-010", "-", ""] {
        assert_eq!(seq(&mut hub.join(Some(id))).await, (true, 2 * VIEWER_LAG), "{id}");
    }
}

#[tokio::test]
async fn a_slow_viewer_gets_a_new_state() {
    let hub = hub();
    let mut viewer = hub.join(None);
    assert_eq!(seq(&mut viewer).await, (true, 0));
    for number in 0..=VIEWER_LAG {
        hub.tell(number, note("x"));
    }
    assert_eq!(seq(&mut viewer).await, (true, VIEWER_LAG + 1));
    assert_eq!(hub.lagged(), 1);
}

#[tokio::test]
async fn viewers_share_a_recent_state() {
    let hub = hub();
    let mut viewers: Vec<_> = (0..3).map(|_| hub.join(None)).collect();
    let mut states = Vec::new();
    for viewer in &mut viewers {
        let Next::State(line) = viewer.next().await else { panic!("the state comes first") };
        states.push(line);
        hub.tell(1, note("x"));
    }
    assert!(states.iter().all(|line| line.seq == 0 && Arc::ptr_eq(&line.json, &states[0].json)));
    assert_eq!(seq(&mut viewers[2]).await, (false, 1), "the events after it follow");
    assert_eq!(hub.state().seq, 3, "whoever asks for the state gets the present one");
}

fn second_run() -> State {
    let network = NetworkInfo { name: "lab".into(), genesis: "01".into(), spacing_ms: 2_000 };
    State::new("0123abce".into(), "simulated", Some(8), network)
}

#[tokio::test]
async fn a_new_run_begins_with_its_state_for_everybody() {
    let hub = hub();
    let (mut early, mut late) = (hub.join(None), hub.join(None));
    for number in 0..10 {
        hub.tell(number, note("x"));
    }
    assert_eq!(seq(&mut early).await, (true, 10));
    hub.begin(second_run());
    for viewer in [&mut early, &mut late] {
        let Next::State(line) = viewer.next().await else { panic!("the state comes first") };
        assert_eq!((&*line.run, line.seq), ("0123abce", 0));
        assert!(line.json.contains(r#""run":"0123abce","seq":0,"us":0"#));
    }
    // a time of the old run does not hold the new one back
    hub.tell(3, note("y"));
    for viewer in [&mut early, &mut late] {
        assert_eq!(seq(viewer).await, (false, 1));
    }
    let mut stranger = hub.join(Some("0123abcd-1"));
    assert_eq!(seq(&mut stranger).await, (true, 0), "an id of the old run; the others share this state");
    assert_eq!(seq(&mut stranger).await, (false, 1));
    assert_eq!(hub.look(|state| state.us), 3);
    hub.tell(4, note("z"));
    assert_eq!(seq(&mut hub.join(Some("0123abce-1"))).await, (false, 2));
    assert_eq!(hub.lagged(), 0);
}

#[test]
fn a_record_ends_with_its_run() {
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let (hub, memory) = (hub(), Memory::default());
    hub.record(Recorder::new(memory.clone())).unwrap();
    hub.tell(1, note("one"));
    hub.begin(second_run());
    hub.tell(1, note("of another run"));
    hub.end_record().unwrap();
    let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "the state, one event, and why it ends: {text}");
    assert!(lines[2].contains("the record ends here"));
}

#[test]
fn the_ring_is_bounded_by_events_and_by_bytes() {
    let hub = hub();
    for number in 0..RING_EVENTS as u64 + 10 {
        hub.tell(number, note("x"));
    }
    assert_eq!(hub.lock().ring.len(), RING_EVENTS);
    for number in 0..1_000 {
        hub.tell(number, note("x".repeat(20_000)));
    }
    let inner = hub.lock();
    assert!(inner.ring_bytes <= RING_BYTES && inner.ring.len() < 1_000);
    assert_eq!(inner.ring_bytes, inner.ring.iter().map(|line| line.json.len()).sum::<usize>());
}

#[test]
fn time_never_falls() {
    let hub = hub();
    hub.tell(5, note("one"));
    hub.tell(4, note("two"));
    assert_eq!(hub.look(|state| state.us), 5);
}
