//! Every message of the relay layer, typed.

use serde::{Deserialize, Serialize};

use crate::{
    ChannelRef, NodeId, Tag, codec,
    error::{DecodeError, EncodeError},
    frame::{Frame, encode_frame},
    limits::{MAX_AGENT, MAX_CONTROL, MAX_ENVELOPE, MAX_HELLO, MAX_PAYLOAD, MAX_REASON},
};

/// The version of the protocol that is spoken here.
pub const VERSION: u16 = 1;

/// A message of the relay layer. What it borrows, it borrows from the frame that it was read from.
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
    /// `HELO`: a client introduces itself, in the first frame.
    Hello(Hello<'a>),
    /// `WELC`: the relay takes the client in.
    Welcome(Welcome<'a>),
    /// `SUBS`: the client wants what is published on a channel.
    Subscribe(ChannelRef<'a>),
    /// `UNSB`: the client wants it no more.
    Unsubscribe(ChannelRef<'a>),
    /// `PUBL`: the client has something for a channel.
    Publish(Publish<'a>),
    /// `DELV`: the relay hands on what another client published.
    Deliver(Deliver<'a>),
    /// `LAGD`: so many deliveries were dropped for this client, here.
    Lagged(u64),
    /// `PING`: are you there? With a nonce of the asker's choice.
    Ping(u64),
    /// `PONG`: I am; with the nonce of the question.
    Pong(u64),
    /// `GBYE`: why the connection is about to be closed.
    Goodbye(&'a str),
}

/// The body of `HELO`, after the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello<'a> {
    /// What deliveries of this client will name as their origin.
    pub node_id: NodeId,
    /// Program and version, for logs; at most 64 bytes.
    pub agent: &'a str,
}

/// The body of `WELC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome<'a> {
    /// Program and version of the relay; at most 64 bytes.
    pub agent: &'a str,
    /// Largest `length` of a frame that the relay takes.
    pub max_frame: u32,
    /// Most subscriptions of one connection.
    pub max_subscriptions: u32,
}

/// The body of `PUBL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Where it is published.
    pub channel: ChannelRef<'a>,
    /// The one subscriber that it is for; all of them without one.
    pub to: Option<NodeId>,
    /// Whatever the clients of the channel agree on; at most 1.5 MiB.
    pub payload: &'a [u8],
}

/// The body of `DELV`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deliver<'a> {
    /// Where it was published.
    pub channel: ChannelRef<'a>,
    /// Who published it, as the relay says.
    pub from: NodeId,
    /// What was published; at most 1.5 MiB.
    pub payload: &'a [u8],
}

impl<'a> RelayMessage<'a> {
    /// Returns the message that a frame holds.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; none of them comes from an honest peer of this version.
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

    /// Returns the tag of the frame that holds this message.
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

    /// Returns the frame of this message, header and body.
    ///
    /// # Errors
    ///
    /// [`EncodeError::FieldTooLong`] for an agent, reason or payload above its cap.
    pub fn to_frame(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.append_frame(&mut out)?;
        Ok(out)
    }

    /// Appends the frame of this message, header and body, to `out`.
    ///
    /// # Errors
    ///
    /// As [`to_frame`](Self::to_frame); `out` is then unchanged.
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
                check(PAYLOAD, publish.payload.len(), MAX_PAYLOAD)?;
                encode_frame(out, tag, &envelope(publish.channel, publish.to, publish.payload))
            }
            Self::Deliver(deliver) => {
                check(PAYLOAD, deliver.payload.len(), MAX_PAYLOAD)?;
                encode_frame(out, tag, &envelope(deliver.channel, deliver.from, deliver.payload))
            }
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
        // another version may mean anything by the bytes that follow
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
        let (channel, to, payload) = decode_envelope(body)?;
        Ok(Self { channel, to, payload })
    }
}

impl<'a> Deliver<'a> {
    fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let (channel, from, payload) = decode_envelope(body)?;
        Ok(Self { channel, from, payload })
    }
}

/// What `PUBL` and `DELV` share: channel, address, payload; the address is the one's optional receiver and the other's
/// origin. A tuple, which has a struct's encoding: read as a derived struct, it took five times as long.
type Envelope<'a, A> = (&'a str, A, &'a serde_bytes::Bytes);

fn envelope<'a, A>(channel: ChannelRef<'a>, address: A, payload: &'a [u8]) -> Envelope<'a, A> {
    (channel.as_str(), address, serde_bytes::Bytes::new(payload))
}

fn decode_envelope<'a, A: Deserialize<'a>>(body: &'a [u8]) -> Result<(ChannelRef<'a>, A, &'a [u8]), DecodeError> {
    let (channel, address, payload): Envelope<'a, A> = codec::decode(body, MAX_ENVELOPE as usize)?;
    within(PAYLOAD, payload.len(), MAX_PAYLOAD)?;
    Ok((ChannelRef::new(channel)?, address, payload))
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
const PAYLOAD: &str = "payload";

#[cfg(test)]
mod tests;
