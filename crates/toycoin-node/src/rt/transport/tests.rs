use tokio::{net::TcpListener, runtime::Builder};

use super::*;
use crate::limits::MESSAGE_WEIGHT;

/// A timeout longer than any step here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(20);

fn run_test(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(DEADLINE, test).await.expect("the test ends in time") });
}

struct Bench {
    listener: TcpListener,
    handle: TransportHandle,
    events: mpsc::Receiver<TransportEvent>,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (sender, events) = mpsc::channel(4);
        let address = listener.local_addr().unwrap().to_string();
        let (handle, task) = transport(address, || 0, sender, |event| event);
        Self { listener, handle, events, task: tokio::spawn(task) }
    }

    /// Accepts the transport's next connection, and checks its number.
    async fn accept(&mut self, connection: u64) -> TcpStream {
        let (stream, _) = self.listener.accept().await.unwrap();
        assert_eq!(self.event().await, TransportEvent::Connected { connection });
        stream
    }

    async fn disconnected(&mut self) -> u64 {
        match self.event().await {
            TransportEvent::Disconnected { connection, .. } => connection,
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Returns the next event other than `Written`.
    async fn event(&mut self) -> TransportEvent {
        loop {
            match self.events.recv().await.expect("the transport runs") {
                TransportEvent::Written { .. } => {}
                event => return event,
            }
        }
    }
}

#[test]
fn bytes_go_both_ways() {
    run_test(async {
        let mut bench = Bench::new().await;
        let mut stream = bench.accept(0).await;
        bench.handle.send(0, Bytes::from_static(b"ping")).unwrap();
        let mut buffer = [0; 4];
        stream.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"ping");
        stream.write_all(b"pong").await.unwrap();
        let mut got = Vec::new();
        while got.len() < 4 {
            let TransportEvent::Received { connection: 0, bytes } = bench.event().await else { panic!() };
            got.extend_from_slice(&bytes);
        }
        assert_eq!(got, b"pong");
    });
}

#[test]
fn lost_connection_is_made_again_without_its_old_bytes() {
    run_test(async {
        let mut bench = Bench::new().await;
        for connection in 0..3 {
            let mut stream = bench.accept(connection).await;
            if connection > 0 {
                bench.handle.send(connection - 1, Bytes::from_static(b"old")).unwrap();
            }
            bench.handle.send(connection, Bytes::from_static(b"new")).unwrap();
            let mut buffer = [0; 3];
            stream.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"new");
            drop(stream);
            assert_eq!(bench.disconnected().await, connection);
            bench.handle.send(connection, Bytes::from_static(b"late")).unwrap();
        }
    });
}

#[test]
fn many_small_messages_arrive_in_order() {
    run_test(async {
        let mut bench = Bench::new().await;
        let mut stream = bench.accept(0).await;
        let mut expected = Vec::new();
        for number in 0..20_000_u32 {
            let bytes = [number.to_le_bytes(); 5].concat();
            expected.extend_from_slice(&bytes);
            bench.handle.send(0, bytes.into()).unwrap();
        }
        let mut got = vec![0; expected.len()];
        stream.read_exact(&mut got).await.unwrap();
        assert!(got == expected);
        assert_eq!(bench.handle.progress.waiting(), 0);
    });
}

#[test]
fn all_that_was_written_is_told_once() {
    run_test(async {
        let mut bench = Bench::new().await;
        let mut stream = bench.accept(0).await;
        assert_eq!(bench.handle.take_written(), None);
        let (mut sent, mut told) = (0, 0);
        for length in [1, 100_000, 64, 1 << 20] {
            bench.handle.send(0, vec![7; length].into()).unwrap();
            sent += length as u64;
            let mut buffer = vec![0; length];
            stream.read_exact(&mut buffer).await.unwrap();
            while told < sent {
                // the event comes again only after `take_written` was called
                assert_eq!(bench.events.recv().await, Some(TransportEvent::Written { connection: 0 }));
                told += bench.handle.take_written().map_or(0, |(connection, bytes)| bytes + connection);
            }
        }
        assert_eq!(told, sent);
        drop(stream);
        assert_eq!(bench.disconnected().await, 0);
    });
}

#[test]
fn bytes_of_a_lost_connection_take_no_room_on_the_next() {
    let (events, _) = mpsc::channel::<TransportEvent>(1);
    let (handle, _task) = transport("127.0.0.1:1".to_owned(), || 0, events, |event| event);
    let large = Bytes::from(vec![0; 1 << 20]);
    while handle.send(0, large.clone()).is_ok() {}
    assert_eq!(handle.send(1, large.clone()), Ok(()));
    assert_eq!(handle.send(0, large), Ok(()), "without effect");
    assert_eq!(handle.progress.waiting(), (1 << 20) + MESSAGE_WEIGHT);
}

#[test]
fn a_close_comes_after_what_was_sent() {
    run_test(async {
        let mut bench = Bench::new().await;
        let mut stream = bench.accept(0).await;
        bench.handle.send(0, Bytes::from_static(b"last words")).unwrap();
        bench.handle.close(0);
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"last words");
        assert_eq!(bench.disconnected().await, 0);
        bench.accept(1).await;
    });
}

#[test]
fn dropping_the_handle_ends_the_transport() {
    run_test(async {
        let mut bench = Bench::new().await;
        let mut stream = bench.accept(0).await;
        bench.handle.send(0, Bytes::from_static(b"bye")).unwrap();
        drop(bench.handle);
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"bye");
        bench.task.await.unwrap();
    });
}

#[test]
fn a_sender_that_runs_ahead_is_told_so() {
    let (events, _) = mpsc::channel::<TransportEvent>(1);
    let (handle, task) = transport("127.0.0.1:1".to_owned(), || 0, events, |event| event);
    let large = Bytes::from(vec![0; 1 << 20]);
    let taken = (0..100).take_while(|_| handle.send(0, large.clone()).is_ok()).count();
    assert_eq!(taken, 7);
    assert_eq!(handle.send(0, large), Err(SendError::Full));
    drop(task);
    assert_eq!(handle.send(0, Bytes::new()), Err(SendError::Ended));
}

#[test]
fn waits_double_up_to_the_cap_with_jitter_below() {
    let waits = [(1, 250), (2, 500), (3, 1000), (6, 8000), (7, 10_000), (40, 10_000), (u32::MAX, 10_000)];
    for (failures, longest) in waits {
        let longest = Duration::from_millis(longest);
        assert_eq!(backoff(failures, 1000), longest);
        assert_eq!(backoff(failures, 0), longest / 2);
        for random in [1, 77, u64::MAX] {
            assert!((longest / 2..=longest).contains(&backoff(failures, random)));
        }
    }
}

/// A socket that is closed while the relay still sends would lose what the relay has not read.
#[test]
fn relay_that_sends_to_the_end_reads_the_last_bytes() {
    run_test(async {
        let mut bench = Bench::new().await;
        let mut stream = bench.accept(0).await;
        let last = Bytes::from(vec![2; 7 << 20]);
        bench.handle.send(0, last.clone()).unwrap();
        let Bench { handle, mut events, task, .. } = bench;
        drop(handle);
        let heard = async { while events.recv().await.is_some() {} };
        let relay = async move {
            let (mut received, mut piece) = (Vec::new(), vec![0; 64 << 10]);
            loop {
                match stream.read(&mut piece).await.expect("no reset") {
                    0 => return received,
                    count => received.extend_from_slice(&piece[..count]),
                }
                stream.write_all(&[1]).await.expect("the other side still reads");
            }
        };
        let (received, ended, ()) = tokio::join!(relay, task, heard);
        ended.unwrap();
        assert_eq!(received, last);
    });
}
