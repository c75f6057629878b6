//! Strategies for messages of the relay layer.

use proptest::{collection::vec, option, prelude::*};

use crate::{
    Channel, NodeId,
    relay::{Deliver, Hello, Publish, RelayMessage, Welcome},
};

/// A [`RelayMessage`] that owns its texts and payloads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields and variants are those of RelayMessage")]
pub enum RelayMessageBuf {
    Hello { node_id: NodeId, agent: String },
    Welcome { agent: String, max_frame: u32, max_subscriptions: u32 },
    Subscribe(Channel),
    Unsubscribe(Channel),
    Publish { channel: Channel, to: Option<NodeId>, payload: Vec<u8> },
    Deliver { channel: Channel, from: NodeId, payload: Vec<u8> },
    Lagged(u64),
    Ping(u64),
    Pong(u64),
    Goodbye(String),
}

impl RelayMessageBuf {
    /// Returns the message in its borrowed form.
    pub fn borrowed(&self) -> RelayMessage<'_> {
        match self {
            Self::Hello { node_id, agent } => RelayMessage::Hello(Hello { node_id: *node_id, agent }),
            Self::Welcome { agent, max_frame, max_subscriptions } => {
                RelayMessage::Welcome(Welcome { agent, max_frame: *max_frame, max_subscriptions: *max_subscriptions })
            }
            Self::Subscribe(channel) => RelayMessage::Subscribe(channel.borrowed()),
            Self::Unsubscribe(channel) => RelayMessage::Unsubscribe(channel.borrowed()),
            Self::Publish { channel, to, payload } => {
                RelayMessage::Publish(Publish { channel: channel.borrowed(), to: *to, payload })
            }
            Self::Deliver { channel, from, payload } => {
                RelayMessage::Deliver(Deliver { channel: channel.borrowed(), from: *from, payload })
            }
            Self::Lagged(count) => RelayMessage::Lagged(*count),
            Self::Ping(nonce) => RelayMessage::Ping(*nonce),
            Self::Pong(nonce) => RelayMessage::Pong(*nonce),
            Self::Goodbye(reason) => RelayMessage::Goodbye(reason),
        }
    }
}

impl From<RelayMessage<'_>> for RelayMessageBuf {
    fn from(message: RelayMessage<'_>) -> Self {
        match message {
            RelayMessage::Hello(hello) => Self::Hello { node_id: hello.node_id, agent: hello.agent.into() },
            RelayMessage::Welcome(welcome) => Self::Welcome {
                agent: welcome.agent.into(),
                max_frame: welcome.max_frame,
                max_subscriptions: welcome.max_subscriptions,
            },
            RelayMessage::Subscribe(channel) => Self::Subscribe(channel.to_channel()),
            RelayMessage::Unsubscribe(channel) => Self::Unsubscribe(channel.to_channel()),
            RelayMessage::Publish(publish) => {
                Self::Publish { channel: publish.channel.to_channel(), to: publish.to, payload: publish.payload.into() }
            }
            RelayMessage::Deliver(deliver) => Self::Deliver {
                channel: deliver.channel.to_channel(),
                from: deliver.from,
                payload: deliver.payload.into(),
            },
            RelayMessage::Lagged(count) => Self::Lagged(count),
            RelayMessage::Ping(nonce) => Self::Ping(nonce),
            RelayMessage::Pong(nonce) => Self::Pong(nonce),
            RelayMessage::Goodbye(reason) => Self::Goodbye(reason.into()),
        }
    }
}

/// A strategy for valid channels.
pub fn any_channel() -> impl Strategy<Value = Channel> {
    "[a-z0-9/_-]{1,64}".prop_map(|name| Channel::new(&name).expect("the pattern is the rule of names"))
}

/// A strategy for node ids.
pub fn any_node_id() -> impl Strategy<Value = NodeId> {
    any::<[u8; 16]>().prop_map(NodeId::new)
}

/// A strategy for messages of the relay layer, with payloads of up to 2,000 bytes.
pub fn any_relay_message() -> impl Strategy<Value = RelayMessageBuf> {
    prop_oneof![
        3 => client_message(),
        1 => hello(),
        1 => ("[ -~]{0,64}", any::<u32>(), any::<u32>()).prop_map(|(agent, max_frame, max_subscriptions)| {
            RelayMessageBuf::Welcome { agent, max_frame, max_subscriptions }
        }),
        1 => (any_channel(), any_node_id(), payload())
            .prop_map(|(channel, from, payload)| RelayMessageBuf::Deliver { channel, from, payload }),
        1 => any::<u64>().prop_map(RelayMessageBuf::Lagged),
    ]
}

/// A strategy for what a client may send to a relay: a `HELO`, then up to 20 other messages.
pub fn any_conversation() -> impl Strategy<Value = Vec<RelayMessageBuf>> {
    (hello(), vec(client_message(), 0..20)).prop_map(|(hello, mut rest)| {
        rest.insert(0, hello);
        rest
    })
}

fn hello() -> impl Strategy<Value = RelayMessageBuf> {
    (any_node_id(), "[ -~]{0,64}").prop_map(|(node_id, agent)| RelayMessageBuf::Hello { node_id, agent })
}

fn client_message() -> impl Strategy<Value = RelayMessageBuf> {
    prop_oneof![
        any_channel().prop_map(RelayMessageBuf::Subscribe),
        any_channel().prop_map(RelayMessageBuf::Unsubscribe),
        (any_channel(), option::of(any_node_id()), payload())
            .prop_map(|(channel, to, payload)| RelayMessageBuf::Publish { channel, to, payload }),
        any::<u64>().prop_map(RelayMessageBuf::Ping),
        any::<u64>().prop_map(RelayMessageBuf::Pong),
        "[ -~]{0,100}".prop_map(RelayMessageBuf::Goodbye),
    ]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => vec(any::<u8>(), 0..50), 1 => vec(any::<u8>(), 0..2000)]
}
