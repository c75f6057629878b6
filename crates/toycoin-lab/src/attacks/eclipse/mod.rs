//! Eclipse: all relays of a victim are hostile, so that it sees only what the attacker shows.

mod attack;
mod dilate;
mod hostile_relay;

pub use self::{attack::Eclipse, dilate::Dilate};
