//! Attacks on the mempool: spam that fills it, and payments that are replaced again and again.

mod replace;
mod spam;
mod spammer;

pub use self::{replace::Replace, spam::Spam};
