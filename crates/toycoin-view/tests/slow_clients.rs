//! Clients that take their time, under a clock that stands still while anyone works.

mod common;

use std::time::Duration;

use common::{read, request, serve, view};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep},
};
use toycoin_view::{
    View,
    event::{Block, Fact},
    limits::{BODY_TIME, CONNECTIONS, HEADER_TIME, IDLE_TIME, STALL_TIME, STATE_BLOCKS},
};

const GET: &[u8] = b"GET /style.css HTTP/1.1\r\nhost: ";

async fn connect(view: &View) -> TcpStream {
    TcpStream::connect(view.local_addr()).await.expect("the view listens")
}

/// Returns the seconds until the server closes.
async fn seconds_to_end(stream: &mut TcpStream) -> u64 {
    let start = Instant::now();
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    start.elapsed().as_secs()
}

async fn ask(view: &View, stream: &mut TcpStream) {
    let request = format!("GET /style.css HTTP/1.1\r\nhost: {}\r\n\r\n", view.local_addr());
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = Vec::new();
    while !answer.ends_with(include_bytes!("../web/style.css")) {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_must_be_complete_within_5_seconds() {
    let view = serve(view()).await;
    let mut silent = connect(&view).await;
    assert_eq!(seconds_to_end(&mut silent).await, HEADER_TIME.as_secs());
    let mut slow = connect(&view).await;
    let start = Instant::now();
    for byte in GET {
        // the server may have closed
        if slow.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert!(start.elapsed() < HEADER_TIME * 2, "it was not given more time for each byte");
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_rest_for_30_seconds_between_requests() {
    let view = serve(view()).await;
    let mut stream = connect(&view).await;
    for _ in 0..3 {
        ask(&view, &mut stream).await;
        sleep(IDLE_TIME - Duration::from_secs(1)).await;
    }
    ask(&view, &mut stream).await;
    assert_eq!(seconds_to_end(&mut stream).await, IDLE_TIME.as_secs());

    let mut stream = connect(&view).await;
    ask(&view, &mut stream).await;
    stream.write_all(GET).await.unwrap();
    assert_eq!(seconds_to_end(&mut stream).await, HEADER_TIME.as_secs(), "the next header has begun");
}

#[tokio::test(start_paused = true)]
async fn a_body_must_arrive_within_10_seconds() {
    let view = serve(view()).await;
    let partition = request(&view, "POST", "/api/v1/network/partition").with_token(&view.url());
    let partition = partition.header("content-type", "application/json").header("content-length", "10");
    let mut stream = connect(&view).await;
    let start = Instant::now();
    stream.write_all(&partition.bytes()).await.unwrap();
    stream.write_all(b"{").await.unwrap();
    assert_eq!(read(&mut stream).await.unwrap().status, 408);
    let waited = start.elapsed();
    assert!(waited >= BODY_TIME && waited < BODY_TIME * 2, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_reads_is_given_up() {
    let view = serve(view()).await;
    for number in 0..STATE_BLOCKS {
        view.hub().tell(0, Fact::Block(block(number)));
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(view.local_addr()).await.unwrap();
    stream.write_all(&request(&view, "GET", "/api/v1/state").bytes()).await.unwrap();
    sleep(STALL_TIME + Duration::from_secs(5)).await;
    // what is in the system's buffers still comes
    let whole = request(&view, "GET", "/api/v1/state").send().await.body.len();
    let mut part = Vec::new();
    let _ = stream.read_to_end(&mut part).await;
    assert!(part.len() < whole, "{} of {whole} bytes", part.len());
}

#[tokio::test(start_paused = true)]
async fn clients_that_read_nothing_keep_nobody_out() {
    let view = serve(view()).await;
    let file = format!("GET /vendor/uPlot.iife.min.js HTTP/1.1\r\nhost: {}\r\n\r\n", view.local_addr());
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(view.local_addr()).await.unwrap();
        stream.write_all(file.repeat(60).as_bytes()).await.unwrap();
        // it is at work once its first answer begins
        stream.read_u8().await.unwrap();
        silent.push(stream);
    }
    let start = Instant::now();
    loop {
        let mut newcomer = connect(&view).await;
        // a connection that gets no place is closed
        let _ = newcomer.write_all(&request(&view, "GET", "/style.css").bytes()).await;
        if read(&mut newcomer).await.is_ok_and(|answer| answer.status == 200) {
            break;
        }
        sleep(Duration::from_secs(1)).await;
        assert!(start.elapsed() < STALL_TIME / 4, "no place became free");
    }
}

fn block(number: usize) -> Block {
    let hash = format!("{number:064x}");
    let (extra, extra_hex, work) = Default::default();
    let (height, txs, size) = (0, 1, 300);
    let (miner, time, bits, fees) = Default::default();
    Block { prev: hash.clone(), hash, height, miner, extra, extra_hex, time, bits, work, txs, size, fees }
}
