//! Key files, written, read and damaged.

mod bounds;
mod damage;
mod round_trips;
mod samples;
mod secrecy;
