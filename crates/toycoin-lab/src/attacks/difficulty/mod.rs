//! Difficulty without any lie: its noise, a shock of the hash rate, and miners who come and go with it.

mod hop;
mod noise;
mod shock;
mod world;

pub use self::{hop::Hop, noise::Noise, shock::Shock};
