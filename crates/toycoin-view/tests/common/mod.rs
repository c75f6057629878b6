//! A view of an empty stage, and a client that sends what it is told, byte for byte.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod sse;

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use toycoin_view::{
    Hub, Stage, View, ViewBuilder,
    state::{NetworkInfo, State},
};

/// Returns a view of a stage that tells nothing by itself.
pub(crate) fn view() -> ViewBuilder {
    View::builder(stage())
}

/// Returns a stage that tells nothing by itself.
pub(crate) fn stage() -> Stage {
    let network = NetworkInfo { name: "lab".into(), genesis: "00".into(), spacing_ms: 2_000 };
    let hub = Hub::new(State::new("0123abcd".into(), "simulated", Some(7), network));
    Stage::from_hub(hub)
}

/// Serves on a free port of this machine.
pub(crate) async fn serve(view: ViewBuilder) -> View {
    view.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port")
}

/// Returns the token of the teacher's link, or of the students'.
pub(crate) fn token(link: &str) -> String {
    link.rsplit_once('=').expect("a link with a token").1.to_owned()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Returns the value of a header whose name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        assert!(found.next().is_none(), "{name} is there twice");
        Some(value)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Some(Self { status, headers: lines.filter_map(header).collect(), body: body.to_owned() })
    }
}

/// A request that is being put together.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    addr: SocketAddr,
    line: String,
    headers: String,
    body: Vec<u8>,
    has_host: bool,
}

/// Begins a request.
pub(crate) fn request(view: &View, method: &str, path: &str) -> Request {
    let (headers, body, has_host) = Default::default();
    Request { addr: view.local_addr(), line: format!("{method} {path} HTTP/1.1"), headers, body, has_host }
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.has_host |= name == "host";
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// Sends the token of a link.
    pub(crate) fn with_token(self, link: &str) -> Self {
        let value = format!("Bearer {}", token(link));
        self.header("authorization", &value)
    }

    pub(crate) fn json(self, body: &str) -> Self {
        self.header("content-type", "application/json").body(body.as_bytes())
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        body.clone_into(&mut self.body);
        let length = body.len().to_string();
        self.header("content-length", &length)
    }

    /// Returns the bytes of the request.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let host = if self.has_host { String::new() } else { format!("host: {}\r\n", self.addr) };
        let head = format!("{}\r\n{host}{}connection: close\r\n\r\n", self.line, self.headers);
        [head.as_bytes(), &self.body].concat()
    }

    /// Sends the request and reads the answer to its end.
    pub(crate) async fn send(&self) -> Answer {
        let mut stream = TcpStream::connect(self.addr).await.expect("the view listens");
        // the server may answer and close before it has read the whole body
        let _ = stream.write_all(&self.bytes()).await;
        read(&mut stream).await.unwrap_or_else(|error| panic!("{}: {error}", self.line))
    }

    /// Sends the request and returns the status.
    pub(crate) async fn status(&self) -> u16 {
        self.send().await.status
    }
}

/// Reads an answer until the server closes the connection.
pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    Answer::parse(&bytes).ok_or_else(|| end.err().unwrap_or(io::ErrorKind::UnexpectedEof.into()))
}
