//! A viewer: reads the stream of events, and adds them up to a state.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};
use toycoin_view::{View, event::Event, state::State};

use super::Request;

/// A message of the stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) event: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) retry: Option<String>,
    pub(crate) comments: usize,
}

/// A viewer.
#[derive(Debug)]
pub(crate) struct Viewer {
    stream: BufReader<TcpStream>,
    text: Vec<u8>,
    /// The state so far.
    pub(crate) state: Option<State>,
    /// How many whole states came.
    pub(crate) states: usize,
}

impl Viewer {
    /// Sends a request for the stream, and reads nothing. The system holds little for a client that does not read.
    pub(crate) async fn connect(view: &View, request: &Request) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 << 10).expect("a small buffer");
        let mut stream = socket.connect(view.local_addr()).await.expect("the view listens");
        stream.write_all(&request.bytes()).await.expect("a request");
        Self { stream: BufReader::new(stream), text: Vec::new(), state: None, states: 0 }
    }

    /// Reads the header of the answer, and returns the status.
    pub(crate) async fn status(&mut self) -> u16 {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.expect("a header"));
        }
        let head = String::from_utf8(head).expect("a header is ASCII");
        assert!(!head.starts_with("HTTP/1.1 200") || head.contains("content-type: text/event-stream\r\n"), "{head}");
        head[9..12].parse().expect("a status")
    }

    /// Reads the next message of the stream; `None` at its end.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let end = loop {
            if let Some(end) = self.text.windows(2).position(|end| end == b"\n\n") {
                break end;
            }
            self.chunk().await?;
        };
        let text = String::from_utf8(self.text.drain(..end + 2).collect()).expect("the stream is UTF-8");
        let mut message = Message::default();
        for line in text.trim_end().split('\n') {
            let (field, value) = line.split_once(':').expect("a field or a comment");
            let value = Some(value.strip_prefix(' ').unwrap_or(value).to_owned());
            match field {
                "event" => message.event = value,
                "id" => message.id = value,
                "data" => message.data = value,
                "retry" => message.retry = value,
                "" => message.comments += 1,
                field => panic!("unknown field {field}"),
            }
        }
        Some(message)
    }

    /// Reads on until the state is that after an event.
    pub(crate) async fn read_to(&mut self, seq: u64) {
        while self.state.as_ref().is_none_or(|state| state.seq < seq) {
            let message = self.message().await.expect("the stream goes on");
            let Some(data) = message.data else { continue };
            if message.event.as_deref() == Some("state") {
                self.state = Some(serde_json::from_str(&data).expect("a state"));
                self.states += 1;
            } else {
                let event: Event = serde_json::from_str(&data).expect("an event");
                let state = self.state.as_mut().expect("the state is first");
                assert_eq!(event.seq, state.seq + 1, "no gap");
                state.apply(&event);
            }
        }
    }

    async fn chunk(&mut self) -> Option<()> {
        let mut size = String::new();
        while !size.ends_with("\r\n") {
            size.push(char::from(self.stream.read_u8().await.expect("a chunk")));
        }
        let size = usize::from_str_radix(size.trim_end(), 16).expect("a size");
        let begin = self.text.len();
        self.text.resize(begin + size, 0);
        self.stream.read_exact(&mut self.text[begin..]).await.expect("a whole chunk");
        self.stream.read_exact(&mut [0; 2]).await.expect("the end of a chunk");
        (size > 0).then_some(())
    }
}
