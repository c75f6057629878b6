//! Redis, if it is installed: the same channel by its own protocol.

use std::{
    error::Error,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::client;

/// Longest time that the server may take to listen.
const START: Duration = Duration::from_secs(10);

/// A server that was started, and ends with this value.
#[derive(Debug)]
pub(crate) struct Redis {
    child: Child,
    address: SocketAddr,
}

impl Redis {
    /// Starts `redis-server` from the `PATH` without any file; `None` if there is none.
    pub(crate) fn start() -> Result<Option<Self>, Box<dyn Error>> {
        // a port that was free a moment ago
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let port = address.port().to_string();
        let arguments = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port];
        let child = Command::new("redis-server").args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = match child {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            child => child?,
        };
        let redis = Self { child, address };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begun.elapsed() > START {
                return Err("redis-server does not listen".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Some(redis))
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connects a subscriber.
    pub(crate) fn subscriber(&self) -> io::Result<TcpStream> {
        let mut stream = client::connect(self.address)?;
        let channel = client::channel();
        let channel = channel.as_str();
        write!(stream, "*2\r\n$9\r\nSUBSCRIBE\r\n${}\r\n{channel}\r\n", channel.len())?;
        let answer = format!("*3\r\n$9\r\nsubscribe\r\n${}\r\n{channel}\r\n:1\r\n", channel.len());
        let mut buffer = vec![0; answer.len()];
        stream.read_exact(&mut buffer)?;
        if buffer == answer.as_bytes() { Ok(stream) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Returns the processor time of its threads since its start.
    pub(crate) fn processor(&self) -> Result<Duration, Box<dyn Error>> {
        let mut stream = client::connect(self.address)?;
        stream.write_all(b"*2\r\n$4\r\nINFO\r\n$3\r\nCPU\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = line.trim().strip_prefix('$').ok_or("no INFO")?.parse::<u64>()?;
        let mut text = String::new();
        reader.take(length.min(1 << 16)).read_to_string(&mut text)?;
        let of = |name| text.lines().find_map(|line| line.strip_prefix(name)?.parse::<f64>().ok()).ok_or("no time");
        Ok(Duration::from_secs_f64(of("used_cpu_sys:")? + of("used_cpu_user:")?))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Encodes a message.
pub(crate) fn publish(payload: &[u8]) -> Vec<u8> {
    encode("PUBLISH", payload)
}

/// Encodes what a subscriber gets.
pub(crate) fn delivery(payload: &[u8]) -> Vec<u8> {
    encode("message", payload)
}

fn encode(word: &str, payload: &[u8]) -> Vec<u8> {
    let channel = client::channel();
    let channel = channel.as_str();
    let head = format!("*3\r\n${}\r\n{word}\r\n${}\r\n{channel}\r\n${}\r\n", word.len(), channel.len(), payload.len());
    [head.as_bytes(), payload, b"\r\n"].concat()
}
