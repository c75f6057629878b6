//! Bounds on the queues of the runtime, and on the steps of its miner threads.

/// Nonces that a miner thread tries between two looks at whether its job is still current.
pub const CHUNK_NONCES: u64 = 16_384;

/// Most messages that wait for a node's machine. A sender beyond that waits.
pub const DRIVER_QUEUE: usize = 256;

/// Most found nonces that wait for a node's machine.
pub const MINED_QUEUE: usize = 64;

/// Most events that wait for one listener. Beyond that the oldest are lost, and the listener learns how many.
pub const EVENT_QUEUE: usize = 4_096;
