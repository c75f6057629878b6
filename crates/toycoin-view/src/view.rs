//! The view: a server for one stage.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};
use toycoin_node::RelayStatsReader;

use crate::{
    app::App,
    hub::Hub,
    server::{Access, Assets, Closing, Token, accept, router},
    stage::Stage,
};

/// A view that is being set up.
#[derive(Debug)]
#[must_use = "a view begins with `serve`"]
pub struct ViewBuilder {
    stage: Stage,
    hosts: Vec<String>,
    relay: Option<RelayStatsReader>,
    web: Option<PathBuf>,
}

/// A view that is served: the page, the stream of events, the API and the commands.
///
/// It is served until [`shutdown`](Self::shutdown), or until it is dropped.
///
/// ```
/// use toycoin_view::{
///     Hub, Stage, View,
///     event::Fact,
///     state::{NetworkInfo, State},
/// };
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let network = NetworkInfo { name: "lab".into(), genesis: "00".into(), spacing_ms: 2_000 };
/// let hub = Hub::new(State::new("0123abcd".into(), "simulated", Some(7), network));
/// let stage = Stage::from_hub(hub);
/// let view = View::builder(stage).serve(([127, 0, 0, 1], 0).into()).await?;
/// view.hub().tell(1, Fact::Note { text: "hello".into(), level: "info".into() });
/// assert!(view.url().starts_with("http://127.0.0.1:"));
/// view.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct View {
    addr: SocketAddr,
    host: String,
    write: Arc<Token>,
    read: Option<Arc<Token>>,
    app: Arc<App>,
    closing: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl View {
    /// Begins to set up a view of a stage.
    pub fn builder(stage: impl Into<Stage>) -> ViewBuilder {
        ViewBuilder { stage: stage.into(), hosts: Vec::new(), relay: None, web: None }
    }

    /// Returns the address on which it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the link for the teacher. It holds the token, with which one may command.
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.host, self.write.as_str())
    }

    /// Returns the link for the students, with which one may only watch.
    pub fn watch_url(&self) -> String {
        match &self.read {
            Some(read) => format!("http://{}/#read={}", self.host, read.as_str()),
            None => format!("http://{}/", self.host),
        }
    }

    /// Returns the hub of the stage.
    pub fn hub(&self) -> &Arc<Hub> {
        self.app.stage.hub()
    }

    /// Ends all connections and frees the address. Requests that are being answered have 1 second to end.
    pub async fn shutdown(self) {
        self.closing.send_replace(true);
        // it does not panic, and nobody aborts it
        let _ = self.accepting.await;
    }
}

impl ViewBuilder {
    /// Returns the hub of the stage, for whoever records it before it is served.
    pub fn hub(&self) -> &Arc<Hub> {
        self.stage.hub()
    }

    /// Allows to call the server by a name or address, without the port. It may be repeated.
    ///
    /// Browsers send the name in each request. The server answers only to names that it knows, so that no page of
    /// another site can make its own name resolve to this machine. `127.0.0.1` and `localhost` are always allowed.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Shows the counters of a relay, too.
    pub fn relay(mut self, relay: RelayStatsReader) -> Self {
        self.relay = Some(relay);
        self
    }

    /// Reads the page's files from a directory for each request, while the page is developed. Without it, the files
    /// are those of the program.
    pub fn web_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.web = Some(directory.into());
        self
    }

    /// Serves the view on an address. Port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had; when others than this machine could reach it and no host is
    /// [allowed](Self::allow_host), or a host's name is not one; when the system provides no randomness.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn serve(self, addr: SocketAddr) -> io::Result<View> {
        let invalid = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        let is_local = addr.ip().to_canonical().is_loopback();
        if !is_local && self.hosts.is_empty() {
            return invalid(format!(
                "others can reach {addr}: name the hosts by which they will call it, such as --allow-host {}, or \
                 listen on 127.0.0.1",
                example(addr.ip())
            ));
        }
        if let Some(name) = self.hosts.iter().find(|name| !is_host(name)) {
            return invalid(format!(
                "{name:?} is no host: give a name or an address without a port, such as lab.local"
            ));
        }
        let listener = listen(addr)?;
        let addr = listener.local_addr()?;
        let host = match self.hosts.first() {
            Some(name) if !is_local => format!("{name}:{}", addr.port()),
            _ => addr.to_string(),
        };
        let hosts = hosts(addr, &self.hosts);
        let write = Arc::new(Token::random()?);
        let read = if is_local { None } else { Some(Arc::new(Token::random()?)) };
        let app = App::new(self.stage, self.relay);
        let access = Access { hosts, write: Arc::clone(&write), read: read.clone(), assets: Assets::new(self.web) };
        let router = router(Arc::clone(&app), access);
        let (closing, receiver) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, router, Closing(receiver)));
        Ok(View { addr, host, write, read, app, closing, accepting })
    }
}

/// Listens on an address.
fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // on other systems than Unix, it would let another program listen on the same address
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Returns what the header `Host` may be.
fn hosts(addr: SocketAddr, names: &[String]) -> Vec<String> {
    let names = ["127.0.0.1", "localhost"].into_iter().chain(names.iter().map(String::as_str));
    let mut hosts: Vec<_> = names.map(|name| format!("{name}:{}", addr.port())).collect();
    if addr.ip().is_loopback() {
        hosts.push(addr.to_string());
    }
    if addr.port() == 80 {
        // browsers leave this port out
        let short: Vec<_> = hosts.iter().filter_map(|host| host.strip_suffix(":80").map(str::to_owned)).collect();
        hosts.extend(short);
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Returns whether a text is a host's name or address, as it is in the header `Host`.
fn is_host(name: &str) -> bool {
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    }
}

/// Returns a host's name that fits an address.
fn example(ip: IpAddr) -> String {
    match ip {
        ip if ip.is_unspecified() => "lab.local".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// Most bytes of a connection's answer that wait in the system for a slow reader. Linux doubles it, and would otherwise
/// take up to 4 MiB for each.
const SEND_BUFFER: u32 = 128 << 10;

/// Most connections that wait to be accepted.
const BACKLOG: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_the_port_unless_browsers_leave_it_out() {
        let hosts = |addr: &str, names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            hosts(addr.parse().unwrap(), &names).join(" ")
        };
        assert_eq!(hosts("127.0.0.1:8420", &[]), "127.0.0.1:8420 localhost:8420");
        assert_eq!(hosts("127.0.0.2:8420", &[]), "127.0.0.1:8420 127.0.0.2:8420 localhost:8420");
        assert_eq!(hosts("[::1]:8420", &["lab"]), "127.0.0.1:8420 [::1]:8420 lab:8420 localhost:8420");
        assert_eq!(hosts("0.0.0.0:80", &["lab"]), "127.0.0.1 127.0.0.1:80 lab lab:80 localhost localhost:80");
    }

    #[test]
    fn a_host_is_a_name_or_an_address_without_port() {
        for name in ["lab.local", "localhost", "192.168.1.7", "[fe80::1]", "a_b-c"] {
            assert!(is_host(name), "{name}");
        }
        for name in ["", "lab.local:8420", "http://lab", "lab/", "*", "fe80::1", "[lab]", "a b", "[::1]:80"] {
            assert!(!is_host(name), "{name}");
        }
    }
}
