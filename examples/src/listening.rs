//! Listening where a person says: on an IP address, or on all addresses of a name such as `localhost`.

use std::{
    error::Error,
    io::{self, ErrorKind},
    net::{SocketAddr, ToSocketAddrs as _},
};

use toycoin_node::{RelayServer, limits::MAX_ADDRESSES, relay::RelayConfig};

/// Returns a relay that listens on `address`, a host and a port. If the host is a name, it listens on each of the name's
/// addresses that this machine has, at most 8 ([`MAX_ADDRESSES`]).
///
/// # Errors
/// When the name has no address, none of the addresses is this machine's, or one of them is taken. A second relay would
/// otherwise get the clients of `::1`, and the first one those of `127.0.0.1`.
pub fn listen(address: &str, config: &RelayConfig) -> Result<RelayServer, Box<dyn Error>> {
    let found = address.to_socket_addrs().map_err(|_| {
        let port = address.rsplit(':').next().unwrap_or_default();
        format!("cannot listen on {address}: the name has no address; {}", instead(port))
    })?;
    let mut addresses = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses.truncate(MAX_ADDRESSES);
    Ok(listen_on(&addresses, config)?)
}

/// Listens on each of the addresses that works; port 0 is the same port on all of them.
fn listen_on(addresses: &[SocketAddr], config: &RelayConfig) -> Result<RelayServer, String> {
    let mut relay: Option<RelayServer> = None;
    let mut first_error = None;
    for address in addresses {
        let listening = match &mut relay {
            None => RelayServer::bind(address, config.clone()).map(|server| relay = Some(server)),
            Some(relay) => relay.listen_also(SocketAddr::new(address.ip(), relay.local_addr().port())),
        };
        match listening {
            Ok(()) => {}
            // whoever lets the system choose a port does not mind that it is taken elsewhere
            Err(error) if is_for_people(&error) && address.port() > 0 => return Err(refusal(*address, &error)),
            Err(error) => first_error = first_error.or_else(|| Some(refusal(*address, &error))),
        }
    }
    relay.ok_or_else(|| first_error.unwrap_or_else(|| format!("cannot listen: no address; {}", instead("25000"))))
}

/// Returns whether an error is for people to mend. Others say that the machine does not have an address or its family,
/// as with `::1` on many machines.
fn is_for_people(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
}

fn refusal(address: SocketAddr, error: &io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there; stop it, or choose another port with --listen".to_owned()
        }
        ErrorKind::PermissionDenied => "the system allows it to administrators alone; try a port above 1023".to_owned(),
        ErrorKind::AddrNotAvailable => {
            format!("this machine does not have the address; {}", instead(address.port()))
        }
        _ => format!("{error}; {}", instead(address.port())),
    };
    format!("cannot listen on {address}: {advice}")
}

fn instead(port: impl std::fmt::Display) -> String {
    format!("try 127.0.0.1:{port}, or 0.0.0.0:{port} for all interfaces")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address that no machine has: it is for examples in books.
    const NOWHERE: &str = "192.0.2.1:0";

    fn on(addresses: &[&str]) -> Result<RelayServer, String> {
        let addresses: Vec<_> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        listen_on(&addresses, &RelayConfig::default())
    }

    #[test]
    fn an_address_of_another_machine_is_passed_over_or_an_error() {
        let relay = on(&[NOWHERE, "127.0.0.1:0"]).unwrap();
        assert_eq!(relay.local_addrs().len(), 1);
        let error = on(&[NOWHERE]).unwrap_err();
        assert!(error.starts_with("cannot listen on 192.0.2.1:0: this machine does not have"), "{error}");
        let error = listen("nowhere.invalid:7", &RelayConfig::default()).unwrap_err().to_string();
        assert!(error.contains("the name has no address; try 127.0.0.1:7, or 0.0.0.0:7"), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn all_addresses_have_one_port_and_none_may_be_taken() {
        let relay = on(&["127.0.0.2:0", "127.0.0.3:0"]).unwrap();
        let [first, second] = relay.local_addrs() else { panic!("{:?}", relay.local_addrs()) };
        assert!(first.port() > 0 && first.port() == second.port());
        let error = on(&[&format!("127.0.0.4:{}", first.port()), &second.to_string()]).unwrap_err();
        assert!(error.contains(&format!("{second}: another program listens there")), "{error}");
    }
}
