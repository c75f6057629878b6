use std::time::Duration;

use toycoin_wire::relay::{Deliver, VERSION};

use super::*;

const ID: NodeId = NodeId::new([7; 16]);

fn at(seconds: u64) -> Now {
    Now { monotonic: Monotonic::new(Duration::from_secs(seconds)), unix_ms: 0 }
}

fn main() -> Channel {
    Channel::new("/topic/main").unwrap()
}

fn new() -> RelayClient {
    RelayClient::new(at(0), ID, "test", vec![main()]).unwrap()
}

fn ready() -> RelayClient {
    let mut client = new();
    let answers = [welcome(MAX_ENVELOPE, 16), frame(RelayMessage::Pong(BARRIER))].concat();
    assert_eq!(feed(&mut client, at(0), &answers), Ok(vec!["ready".to_owned()]));
    client.take_output();
    client
}

fn frame(message: RelayMessage<'_>) -> Vec<u8> {
    message.to_frame().unwrap()
}

fn welcome(max_frame: u32, max_subscriptions: u32) -> Vec<u8> {
    frame(RelayMessage::Welcome(Welcome { agent: "relay", max_frame, max_subscriptions }))
}

fn deliver(channel: &str, payload: &[u8]) -> Vec<u8> {
    let channel = ChannelRef::new(channel).unwrap();
    frame(RelayMessage::Deliver(Deliver { channel, from: NodeId::new([9; 16]), payload }))
}

/// Passes bytes to the client and returns its events as text.
fn feed(client: &mut RelayClient, now: Now, bytes: &[u8]) -> Result<Vec<String>, ClientError> {
    let mut events = Vec::new();
    client.handle_bytes(now, bytes, &mut |event| {
        events.push(match event {
            ClientEvent::Ready => "ready".into(),
            ClientEvent::Delivered { payload, .. } => String::from_utf8_lossy(payload).into_owned(),
            ClientEvent::Lagged { count } => format!("lagged {count}"),
            ClientEvent::Ponged { nonce } => format!("ponged {nonce}"),
        });
    })?;
    Ok(events)
}

/// Returns the tags of the client's next output.
fn says(client: &mut RelayClient) -> Vec<String> {
    let Some(output) = client.take_output() else { return Vec::new() };
    let mut rest = &output[..];
    let mut tags = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk() {
        tags.push(String::from_utf8_lossy(&tail[..4]).into_owned());
        rest = &tail[u32::from_be_bytes(*length) as usize..];
    }
    tags
}

#[test]
fn is_ready_when_its_subscriptions_stand() {
    let mut client = new();
    assert_eq!(says(&mut client), ["HELO"]);
    assert_eq!(feed(&mut client, at(0), &welcome(MAX_ENVELOPE, 16)), Ok(vec![]));
    assert_eq!(says(&mut client), ["SUBS", "PING"]);
    assert!(!client.is_ready());
    assert_eq!(feed(&mut client, at(0), &frame(RelayMessage::Pong(BARRIER))), Ok(vec!["ready".into()]));
    assert!(client.is_ready());
    assert_eq!(says(&mut client), [""; 0]);
}

#[test]
fn introduces_itself_in_the_version_spoken_here() {
    let hello = new().take_output().unwrap();
    assert_eq!(hello[8..10], VERSION.to_le_bytes());
    assert_eq!(hello[10..26], ID.to_bytes());
}

#[test]
fn delivers_from_any_split_and_reports_gaps_in_order() {
    let bytes = [deliver("/topic/main", b"one"), frame(RelayMessage::Lagged(3)), deliver("/topic/main", b"")].concat();
    for cut in 0..=bytes.len() {
        let mut client = ready();
        let mut events = feed(&mut client, at(1), &bytes[..cut]).unwrap();
        events.extend(feed(&mut client, at(1), &bytes[cut..]).unwrap());
        assert_eq!(events, ["one", "lagged 3", ""], "cut at {cut}");
    }
}

#[test]
fn what_nobody_asked_for_is_not_delivered() {
    assert_eq!(feed(&mut ready(), at(1), &deliver("/other", b"x")), Ok(vec![]));
    let mut client = new();
    let early = [welcome(MAX_ENVELOPE, 16), deliver("/topic/main", b"x")].concat();
    assert_eq!(feed(&mut client, at(1), &early), Ok(vec![]));
}

#[test]
fn answers_pings_but_no_flood_of_them() {
    let mut client = ready();
    feed(&mut client, at(1), &frame(RelayMessage::Ping(77))).unwrap();
    assert_eq!(client.take_output().unwrap(), frame(RelayMessage::Pong(77)));
    let flood = frame(RelayMessage::Ping(0)).repeat(QUEUE_CONTROLS + 1);
    assert_eq!(feed(&mut client, at(1), &flood), Err(ClientError::PingFlood));
}

#[test]
fn tells_its_own_pings_from_the_callers() {
    let mut client = ready();
    let ping = client.ping(7);
    let Some(nonce) = ping.last_chunk().map(|nonce| u64::from_le_bytes(*nonce)) else { panic!("a nonce") };
    assert_eq!(feed(&mut client, at(1), &frame(RelayMessage::Pong(nonce))), Ok(vec!["ponged 7".into()]));
    for own in [BARRIER, KEEP_ALIVE, 7] {
        assert_eq!(feed(&mut client, at(1), &frame(RelayMessage::Pong(own))), Ok(vec![]));
    }
}

#[test]
fn asks_a_quiet_relay_and_gives_up_on_a_silent_one() {
    let mut client = ready();
    for quiet in [30, 60, 90] {
        assert_eq!(client.next_timeout(), Some(at(quiet).monotonic));
        client.handle_timeout(at(quiet)).unwrap();
        assert_eq!(says(&mut client), ["PING"]);
    }
    assert_eq!(client.handle_timeout(at(120)), Err(ClientError::Silent));
    assert_eq!(client.next_timeout(), None);

    let mut client = ready();
    client.handle_timeout(at(29)).unwrap();
    assert_eq!(client.take_output(), None, "too early to ask");
    feed(&mut client, at(29), &frame(RelayMessage::Pong(5))).unwrap();
    assert_eq!(client.next_timeout(), Some(at(59).monotonic));
}

#[test]
fn a_relay_that_does_not_welcome_is_given_up() {
    let mut client = new();
    client.handle_timeout(at(9)).unwrap();
    assert_eq!(client.handle_timeout(at(10)), Err(ClientError::WelcomeTimeout));
    let mut client = new();
    feed(&mut client, at(1), &welcome(MAX_ENVELOPE, 16)).unwrap();
    assert_eq!(client.handle_timeout(at(10)), Err(ClientError::WelcomeTimeout), "the barrier counts too");
}

#[test]
fn hostile_relays_end_only_the_connection() {
    let too_few = ClientError::TooFewSubscriptions { offered: 0, wanted: 1 };
    assert_eq!(feed(&mut new(), at(0), &welcome(MAX_ENVELOPE, 0)), Err(too_few));
    let goodbye = ClientError::Goodbye { reason: "f\\u{7}ull".into() };
    assert_eq!(feed(&mut new(), at(0), &frame(RelayMessage::Goodbye("f\x07ull"))), Err(goodbye));
    assert_eq!(feed(&mut ready(), at(0), &welcome(1, 1)), Err(ClientError::SecondWelcome));
    for bytes in [b"\xff\xff\xff\xffDELV".as_slice(), b"\0\0\0\x03PING", b"\0\0\0\x04HELO", b"\0\0\0\x05PING1"] {
        let mut client = ready();
        assert!(feed(&mut client, at(0), bytes).is_err(), "{bytes:?}");
        assert_eq!(feed(&mut client, at(0), b""), Err(ClientError::Over));
        assert!(!client.is_ready());
    }
}

#[test]
fn publishes_within_what_the_relay_takes() {
    let client = ready();
    let publish = client.publish(&main(), Some(ID), b"").unwrap();
    assert_eq!(&publish[4..8], b"PUBL");
    assert!(client.publish(&main(), None, &vec![0; (3 << 19) + 1]).is_err());

    let mut client = new();
    feed(&mut client, at(0), &welcome(100, 16)).unwrap();
    let overhead = client.publish(&main(), None, b"").unwrap().len() - 4;
    assert!(client.publish(&main(), None, &vec![0; 100 - overhead]).is_ok());
    assert_eq!(client.publish(&main(), None, &vec![0; 101 - overhead]), Err(EncodeError::TooLarge { cap: 100 }));
}

#[test]
fn a_goodbye_is_the_last_word() {
    let mut client = ready();
    client.leave("done");
    assert_eq!(says(&mut client), ["GBYE"]);
    client.leave("again");
    assert_eq!(client.take_output(), None);
    assert_eq!(feed(&mut client, at(1), &deliver("/topic/main", b"x")), Err(ClientError::Over));
}
