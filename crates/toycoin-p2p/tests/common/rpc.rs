//! RPCs of gossipsub as bytes, since the library writes none that break its own rules.
//!
//! ```text
//!   stream:   length of an RPC as varint | RPC | ...
//!   RPC:      1 subscriptions: { 1 subscribe, 2 topic }   2 publish: { 2 data, 4 topic }   3 control
//!   control:  3 graft: { 1 topic }   4 prune: { 1 topic, 3 backoff in s }
//! ```

/// An RPC, to which parts are added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rpc(Vec<u8>);

impl Rpc {
    pub(crate) fn subscribe(mut self, topic: &str) -> Self {
        put_bytes(&mut self.0, 1, &[&[1 << 3, 1][..], &field(2, topic.as_bytes())].concat());
        self
    }

    pub(crate) fn publish(mut self, topic: &str, data: &[u8]) -> Self {
        put_bytes(&mut self.0, 2, &[field(2, data), field(4, topic.as_bytes())].concat());
        self
    }

    pub(crate) fn graft(mut self, topic: &str) -> Self {
        put_bytes(&mut self.0, 3, &field(3, &field(1, topic.as_bytes())));
        self
    }

    pub(crate) fn prune(mut self, topic: &str, backoff_s: u64) -> Self {
        let mut prune = field(1, topic.as_bytes());
        prune.push(3 << 3);
        put_varint(&mut prune, backoff_s);
        put_bytes(&mut self.0, 3, &field(4, &prune));
        self
    }

    /// Returns the bytes that go over a stream.
    pub(crate) fn to_stream(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() + 10);
        put_varint(&mut bytes, self.0.len() as u64);
        bytes.extend(&self.0);
        bytes
    }
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 11);
    put_bytes(&mut out, number, bytes);
    out
}

/// Adds a field of protobuf that holds bytes.
fn put_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
