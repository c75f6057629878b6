//! The messages of the relay layer.

use serde::{Deserialize, Serialize};

use crate::{
    ChannelRef, NodeId, Tag, codec,
    error::{DecodeError, EncodeError},
    frame::{Frame, encode_frame},
    limits::{MAX_AGENT, MAX_CONTROL, MAX_HELLO, MAX_REASON},
    relay::envelope,
};

/// The version of the relay protocol.
pub const VERSION: u16 = 1;

/// A message of the relay layer. Its texts and payloads are borrowed from the frame that it was read from.
///
/// ```
/// use toycoin_wire::{FrameDecoder, Reader, relay::RelayMessage};
///
/// let bytes = RelayMessage::Goodbye("full").to_frame()?;
/// let mut decoder = FrameDecoder::new(Reader::Client);
/// let frame = decoder.next_frame(&mut bytes.as_slice())?.expect("the frame is complete");
/// assert_eq!(RelayMessage::decode(frame)?, RelayMessage::Goodbye("full"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayMessage<'a> {
    /// The client's handshake, `HELO`: its first frame.
    Hello(Hello<'a>),
    /// The relay's handshake, `WELC`: it accepts the client.
    Welcome(Welcome<'a>),
    /// A subscription, `SUBS`: the client wants what is published on a channel.
    Subscribe(ChannelRef<'a>),
    /// The end of a subscription, `UNSB`.
    Unsubscribe(ChannelRef<'a>),
    /// A publication, `PUBL`: a payload from the client for a channel.
    Publish(Publish<'a>),
    /// A delivery, `DELV`: the relay forwards what another client published.
    Deliver(Deliver<'a>),
    /// A gap, `LAGD`: the number of deliveries to this client that the relay dropped at this point.
    Lagged(u64),
    /// A keepalive request, `PING`, with a nonce that the sender chose.
    Ping(u64),
    /// A keepalive answer, `PONG`, with the nonce of the request.
    Pong(u64),
    /// The end of the connection, `GBYE`: the reason why the sender is about to close it.
    Goodbye(&'a str),
}

/// The body of `HELO`, after the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello<'a> {
    /// The id that deliveries of this client's messages name as their origin.
    pub node_id: NodeId,
    /// The client's program and version, for logs: at most 64 bytes.
    pub agent: &'a str,
}

/// The body of `WELC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome<'a> {
    /// The relay's program and version: at most 64 bytes.
    pub agent: &'a str,
    /// The largest `length` of a frame that the relay accepts.
    pub max_frame: u32,
    /// The most subscriptions per connection.
    pub max_subscriptions: u32,
}

/// The body of `PUBL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish<'a> {
    /// The channel to publish on.
    pub channel: ChannelRef<'a>,
    /// The only subscriber to deliver to. With `None`, the relay delivers to all.
    pub to: Option<NodeId>,
    /// The payload, at most 1.5 MiB, in a format that the channel's clients agree on.
    pub payload: &'a [u8],
}

/// The body of `DELV`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deliver<'a> {
    /// The channel of the publication.
    pub channel: ChannelRef<'a>,
    /// The publisher's id, according to the relay.
    pub from: NodeId,
    /// The payload, at most 1.5 MiB.
    pub payload: &'a [u8],
}

impl<'a> RelayMessage<'a> {
    /// Decodes the message in a frame.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]. An honest peer of this version causes none of them.
    pub fn decode(frame: Frame<'a>) -> Result<Self, DecodeError> {
        let Frame { tag, body } = frame;
        Ok(match tag {
            Tag::PUBL => Self::Publish(Publish::decode(body)?),
            Tag::DELV => Self::Deliver(Deliver::decode(body)?),
            Tag::HELO => Self::Hello(Hello::decode(body)?),
            Tag::WELC => Self::Welcome(Welcome::decode(body)?),
            Tag::SUBS => Self::Subscribe(ChannelRef::new(control(body)?)?),
            Tag::UNSB => Self::Unsubscribe(ChannelRef::new(control(body)?)?),
            Tag::LAGD => Self::Lagged(control(body)?),
            Tag::PING => Self::Ping(control(body)?),
            Tag::PONG => Self::Pong(control(body)?),
            Tag::GBYE => Self::Goodbye(control(body)?),
            _ => return Err(DecodeError::UnknownTag { tag }),
        })
    }

    /// Returns the tag of the message's frame.
    pub const fn tag(&self) -> Tag {
        match self {
            Self::Hello(_) => Tag::HELO,
            Self::Welcome(_) => Tag::WELC,
            Self::Subscribe(_) => Tag::SUBS,
            Self::Unsubscribe(_) => Tag::UNSB,
            Self::Publish(_) => Tag::PUBL,
            Self::Deliver(_) => Tag::DELV,
            Self::Lagged(_) => Tag::LAGD,
            Self::Ping(_) => Tag::PING,
            Self::Pong(_) => Tag::PONG,
            Self::Goodbye(_) => Tag::GBYE,
        }
    }

    /// Encodes the message as a frame, header and body.
    ///
    /// # Errors
    ///
    /// [`EncodeError::FieldTooLong`] if an agent, reason or payload is above its cap.
    pub fn to_frame(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.append_frame(&mut out)?;
        Ok(out)
    }

    /// Appends the message as a frame, header and body, to `out`.
    ///
    /// # Errors
    ///
    /// The errors of [`to_frame`](Self::to_frame). `out` is then unchanged.
    pub fn append_frame(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let tag = self.tag();
        match self {
            Self::Hello(hello) => {
                check(AGENT, hello.agent.len(), MAX_AGENT)?;
                encode_frame(out, tag, &(VERSION, hello))
            }
            Self::Welcome(welcome) => {
                check(AGENT, welcome.agent.len(), MAX_AGENT)?;
                encode_frame(out, tag, welcome)
            }
            Self::Subscribe(channel) | Self::Unsubscribe(channel) => encode_frame(out, tag, channel),
            Self::Publish(publish) => {
                envelope::check(publish.payload.len())?;
                encode_frame(out, tag, &envelope::envelope(publish.channel, publish.to, publish.payload))
            }
            Self::Deliver(deliver) => envelope::append_deliver(out, deliver),

            Self::Lagged(number) | Self::Ping(number) | Self::Pong(number) => encode_frame(out, tag, number),
            Self::Goodbye(reason) => {
                check("reason", reason.len(), MAX_REASON)?;
                encode_frame(out, tag, reason)
            }
        }
    }
}

impl<'a> Hello<'a> {
    fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        // the bytes that follow may mean anything in another version
        let (version, rest) = codec::decode_prefix(body, MAX_HELLO as usize)?;
        if version != VERSION {
            return Err(DecodeError::Version { version });
        }
        let hello: Self = codec::decode(rest, MAX_HELLO as usize)?;
        within(AGENT, hello.agent.len(), MAX_AGENT)?;
        Ok(hello)
    }
}

impl<'a> Welcome<'a> {
    fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let welcome: Self = control(body)?;
        within(AGENT, welcome.agent.len(), MAX_AGENT)?;
        Ok(welcome)
    }
}

impl<'a> Publish<'a> {
    fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        envelope::decode_publish(body)
    }
}

impl<'a> Deliver<'a> {
    fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let (channel, from, payload) = envelope::decode(body)?;
        Ok(Self { channel, from, payload })
    }
}

fn control<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    codec::decode(body, MAX_CONTROL as usize)
}

const fn check(field: &'static str, length: usize, cap: usize) -> Result<(), EncodeError> {
    if length > cap { Err(EncodeError::FieldTooLong { field, length, cap }) } else { Ok(()) }
}

const fn within(field: &'static str, length: usize, cap: usize) -> Result<(), DecodeError> {
    if length > cap { Err(DecodeError::FieldTooLong { field, length, cap }) } else { Ok(()) }
}

const AGENT: &str = "agent";

#[cfg(test)]
mod tests;
