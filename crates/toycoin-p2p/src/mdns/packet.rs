//! The messages of multicast DNS, as far as the discovery of libp2p uses them.
//!
//! ```text
//!   header    id | flags | questions | answers | authorities | additionals             u16 BE each
//!   question  name | type | class
//!   record    name | type | class | ttl u32 | length u16 | data
//!   name      labels, each with its length before it, then 0; or a pointer to an earlier name
//! ```

use std::io;

use toycoin_node::peering::PeerAddress;

use crate::{
    limits::{MAX_MDNS_ADDRESSES, MAX_MDNS_RECORDS},
    names::NetworkNames,
};

/// What nodes of a network call themselves in multicast DNS. The specification has such a name for private networks.
#[derive(Debug, Clone)]
pub(super) struct Service {
    /// The name of the network, in bytes as they are sent.
    name: Vec<u8>,
    /// The name of this node in it, drawn at each start.
    instance: Vec<u8>,
}

/// What a datagram says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    /// Somebody asks who is there.
    Query,
    /// Somebody says where it listens: at most 8 addresses, each with a peer id.
    Response(Vec<PeerAddress>),
}

/// A datagram that is read from its beginning.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Service {
    /// Returns the names of a node in this network.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub(super) fn new(names: &NetworkNames) -> io::Result<Self> {
        let mut drawn = [0; 16];
        getrandom::fill(&mut drawn).map_err(io::Error::other)?;
        let drawn: String = drawn.iter().map(|byte| format!("{byte:02x}")).collect();
        let (mut name, mut instance) = (Vec::new(), Vec::new());
        put_label(&mut instance, drawn.as_bytes());
        for label in names.service().split('.') {
            put_label(&mut name, label.as_bytes());
        }
        name.push(0);
        instance.extend(&name);
        Ok(Self { name, instance })
    }

    /// Returns the question who is there.
    pub(super) fn query(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_header(&mut out, 0, [1, 0, 0, 0]);
        out.extend(&self.name);
        put(&mut out, PTR);
        put(&mut out, IN);
        out
    }

    /// Returns the answer of a node that listens on these addresses; the first 8 of them are named.
    pub(super) fn response(&self, addresses: &[PeerAddress]) -> Vec<u8> {
        let addresses = addresses.iter().take(MAX_MDNS_ADDRESSES).map(|address| format!("{PREFIX}{address}"));
        let texts: Vec<_> = addresses.filter(|text| text.len() <= MAX_TEXT).collect();
        let mut out = Vec::new();
        put_header(&mut out, IS_RESPONSE | AUTHORITATIVE, [0, 1, 0, u16::try_from(texts.len()).unwrap_or_default()]);
        put_record(&mut out, &self.name, PTR, &self.instance);
        for text in texts {
            let mut data = Vec::with_capacity(text.len() + 1);
            data.push(u8::try_from(text.len()).unwrap_or_default());
            data.extend(text.as_bytes());
            put_record(&mut out, &self.instance, TXT, &data);
        }
        out
    }

    /// Returns what a datagram says; `None` if it is broken, or not about this network.
    pub(super) fn read(&self, datagram: &[u8]) -> Option<Packet> {
        let mut reader = Reader { bytes: datagram, at: 0 };
        let (_, flags) = (reader.number()?, reader.number()?);
        let [questions, answers, authorities, additionals] =
            [reader.number()?, reader.number()?, reader.number()?, reader.number()?];
        let mut is_asked = false;
        for _ in 0..usize::from(questions).min(MAX_MDNS_RECORDS) {
            let name = reader.name()?;
            let (kind, _class) = (reader.number()?, reader.number()?);
            is_asked |= name == self.name && matches!(kind, PTR | ANY);
        }
        if flags & IS_RESPONSE == 0 {
            return is_asked.then_some(Packet::Query);
        }
        let records = usize::from(answers) + usize::from(authorities) + usize::from(additionals);
        let (mut is_answered, mut addresses) = (false, Vec::new());
        for _ in 0..records.min(MAX_MDNS_RECORDS) {
            let name = reader.name()?;
            let (kind, _class, _ttl) = (reader.number()?, reader.number()?, [reader.number()?, reader.number()?]);
            let length = reader.number()?;
            let data = reader.take(usize::from(length))?;
            match kind {
                PTR => is_answered |= name == self.name,
                TXT => take_addresses(data, &mut addresses),
                _ => {}
            }
        }
        is_answered.then_some(Packet::Response(addresses))
    }
}

/// Takes the addresses out of a text record, which is a list of texts with their lengths before them.
fn take_addresses(data: &[u8], addresses: &mut Vec<PeerAddress>) {
    let mut reader = Reader { bytes: data, at: 0 };
    while let Some([length]) = reader.take(1)
        && let Some(text) = reader.take(usize::from(*length))
    {
        let text = std::str::from_utf8(text).ok().and_then(|text| text.strip_prefix(PREFIX));
        let address = text.and_then(|text| text.parse::<PeerAddress>().ok());
        if addresses.len() < MAX_MDNS_ADDRESSES {
            addresses.extend(address.filter(|address| address.peer.is_some()));
        }
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// Reads a name. It is returned without pointers, in lower case.
    fn name(&mut self) -> Option<Vec<u8>> {
        let (mut name, mut after) = (Vec::new(), None);
        // A pointer leads back, and labels lead on. So a circle has labels, and ends with the name's greatest length.
        loop {
            let start = self.at;
            let [length] = *self.take(1)?.first_chunk()?;
            match length {
                0 => {
                    name.push(0);
                    self.at = after.unwrap_or(self.at);
                    return Some(name);
                }
                1..=MAX_LABEL => {
                    name.push(length);
                    name.extend(self.take(usize::from(length))?.iter().map(u8::to_ascii_lowercase));
                    if name.len() >= MAX_NAME {
                        return None;
                    }
                }
                POINTER.. => {
                    let [low] = *self.take(1)?.first_chunk()?;
                    after.get_or_insert(self.at);
                    self.at = usize::from(u16::from_be_bytes([length & !POINTER, low]));
                    if self.at >= start {
                        return None;
                    }
                }
                _ => return None,
            }
        }
    }
}

fn put(out: &mut Vec<u8>, number: u16) {
    out.extend(number.to_be_bytes());
}

/// Writes a label of at most 63 bytes.
fn put_label(out: &mut Vec<u8>, label: &[u8]) {
    out.push(u8::try_from(label.len()).unwrap_or_default());
    out.extend(label);
}

fn put_header(out: &mut Vec<u8>, flags: u16, counts: [u16; 4]) {
    put(out, 0);
    put(out, flags);
    counts.into_iter().for_each(|count| put(out, count));
}

fn put_record(out: &mut Vec<u8>, name: &[u8], kind: u16, data: &[u8]) {
    out.extend(name);
    put(out, kind);
    put(out, IN);
    out.extend(TTL_S.to_be_bytes());
    put(out, u16::try_from(data.len()).unwrap_or_default());
    out.extend(data);
}

/// What stands before an address in a text.
const PREFIX: &str = "dnsaddr=";

/// Most bytes of a text.
const MAX_TEXT: usize = 255;

/// Most bytes of a label.
const MAX_LABEL: u8 = 63;

/// Most bytes of a name.
const MAX_NAME: usize = 255;

/// The two high bits of a pointer's first byte.
const POINTER: u8 = 0xc0;

/// Time for which others may remember an answer, in seconds.
const TTL_S: u32 = 120;

const IS_RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const PTR: u16 = 12;
const TXT: u16 = 16;
const ANY: u16 = 255;
const IN: u16 = 1;

#[cfg(test)]
mod tests {
    use toycoin_core::ChainParams;

    use super::*;

    fn service() -> Service {
        Service::new(&NetworkNames::new(ChainParams::regtest().genesis_hash())).unwrap()
    }

    fn address(port: u16) -> PeerAddress {
        let id = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
        format!("/ip4/192.168.1.7/tcp/{port}/p2p/{id}").parse().unwrap()
    }

    #[test]
    fn nodes_of_one_network_understand_each_other() {
        let (one, other) = (service(), service());
        assert_eq!(other.read(&one.query()), Some(Packet::Query));
        let addresses: Vec<_> = (1..=3).map(address).collect();
        assert_eq!(other.read(&one.response(&addresses)), Some(Packet::Response(addresses)));
        assert_ne!(one.instance, other.instance);
        let lab = Service::new(&NetworkNames::new(ChainParams::lab().genesis_hash())).unwrap();
        assert_eq!((lab.read(&one.query()), lab.read(&one.response(&[address(1)]))), (None, None));
    }

    #[test]
    fn query_has_the_bytes_of_the_specification() {
        let service = Service { name: b"\x04_p2p\x04_udp\x05local\0".to_vec(), instance: vec![0] };
        let query = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x04_p2p\x04_udp\x05local\0\0\x0c\0\x01";
        assert_eq!(service.query(), query);
        assert_eq!(service.read(&query.to_ascii_uppercase()), Some(Packet::Query));
    }

    #[test]
    fn names_may_point_back_and_nowhere_else() {
        let service = Service { name: b"\x04_p2p\x04_udp\x05local\0".to_vec(), instance: vec![0] };
        // two questions, of which the second one points to the labels of the first
        let mut query = b"\0\0\0\0\0\x02\0\0\0\0\0\0\x04_udp\x05local\0\0\x01\0\x01".to_vec();
        query.extend(b"\x04_p2p\xc0\x0c\0\x0c\0\x01");
        assert_eq!(service.read(&query), Some(Packet::Query));
        for pointer in [b"\xc0\x0c", b"\xc0\x0e", b"\xff\xff"] {
            let mut query = b"\0\0\0\0\0\x01\0\0\0\0\0\0".to_vec();
            query.extend(pointer);
            query.extend(b"\0\x0c\0\x01");
            assert_eq!(service.read(&query), None, "{pointer:?}");
        }
        // a circle through a label
        let circle = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x01a\xc0\x0c\0\x0c\0\x01";
        assert_eq!(service.read(circle), None);
    }

    #[test]
    fn response_names_at_most_8_addresses() {
        let service = service();
        let many: Vec<_> = (1..=20).map(address).collect();
        let Some(Packet::Response(read)) = service.read(&service.response(&many)) else { panic!("it is one") };
        assert_eq!(read, many[..MAX_MDNS_ADDRESSES]);
        // one record with many texts, some of them no addresses
        let mut data = Vec::new();
        for text in ["dnsaddr=/ip4/10.0.0.1/tcp/1", "x", ""]
            .map(str::to_owned)
            .into_iter()
            .chain(many.iter().map(|address| format!("{PREFIX}{address}")))
        {
            data.push(u8::try_from(text.len()).unwrap());
            data.extend(text.as_bytes());
        }
        let mut response = Vec::new();
        put_header(&mut response, IS_RESPONSE, [0, 1, 0, 1]);
        put_record(&mut response, &service.name, PTR, &service.instance);
        put_record(&mut response, &service.instance, TXT, &data);
        assert_eq!(service.read(&response), Some(Packet::Response(read)));
    }

    #[test]
    fn broken_datagrams_say_nothing_and_end() {
        let service = service();
        let whole = service.response(&[address(1), address(2)]);
        for length in 0..whole.len() {
            assert_eq!(service.read(&whole[..length]), None, "{length}");
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x3f, 0x40, 0xc0, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                // whatever it says, reading it ends
                if let Some(Packet::Response(read)) = service.read(&broken) {
                    assert!(read.len() <= 2);
                }
            }
        }
        // 65,535 records, as the header says
        let mut long = Vec::new();
        put_header(&mut long, IS_RESPONSE, [0, 0xffff, 0xffff, 0xffff]);
        for _ in 0..2 * MAX_MDNS_RECORDS {
            long.extend(b"\0\0\x0c\0\x01\0\0\0\0\0\0");
        }
        assert_eq!(service.read(&long), None);
    }
}
