//! Answers to peers' questions for headers, blocks and transactions, and to those of light clients, within the
//! connection's budget.
//!
//! One token of the budget pays for one byte that is read or sent. An answer is charged in two steps: first for looking
//! up its location and size, then for reading and sending it. Nothing is read before it is charged, or without room in
//! the connection's queue.

mod asked;
mod kept_bodies;
mod light;
mod questions;
mod serve;

pub(super) use self::{
    light::LightQuestion,
    questions::{Asker, Question, Questions},
    serve::Answers,
};
