//! The stories, one for each rule.

mod blocks;
mod headers;
mod list;
mod money;
mod payments;
mod spending;

pub(super) use self::list::of;
