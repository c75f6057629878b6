//! Every bound of the wire, in one place.
//!
//! A frame's `length` counts its tag and its body; the caps below are caps on that number.

/// Bytes before a frame's body: length and tag.
pub const FRAME_HEADER: usize = 8;

/// Bytes of a tag, which a frame's `length` counts.
pub const TAG_SIZE: usize = 4;

/// Cap on `length` of `HELO`.
pub const MAX_HELLO: u32 = 512;

/// Cap on `length` of `PUBL` and `DELV`: 2 MiB.
pub const MAX_ENVELOPE: u32 = 2 << 20;

/// Cap on `length` of every other frame of the relay layer: 4 KiB.
pub const MAX_CONTROL: u32 = 4 << 10;

/// Cap on `length` of a frame with an unknown tag, which is skipped: 64 KiB.
pub const MAX_UNKNOWN: u32 = 64 << 10;

/// Most bytes of the payload in a `PUBL` or `DELV`: 1.5 MiB, so that no accepted `PUBL` makes an oversized `DELV`.
pub const MAX_PAYLOAD: usize = 3 << 19;

/// Most bytes of an agent's name.
pub const MAX_AGENT: usize = 64;

/// Most bytes of a channel's name.
pub const MAX_CHANNEL: usize = 64;

/// Most bytes of the reason in a `GBYE` that is sent.
pub const MAX_REASON: usize = 256;

/// Most bytes that the codec decodes, whatever limit it is given: 4 MiB.
pub const MAX_DECODE: usize = 4 << 20;
