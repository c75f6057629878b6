//! Records: the state at the begin of a run, and every event since, one line of JSON each.
//!
//! A record is what a viewer of the whole run would have received. The page replays it, goes back and forth in it, and
//! can be [saved](saved_page) together with it as one file.

mod background;
mod page;
mod reader;
mod recorder;
mod trace;

pub use self::{
    background::{Background, Failure},
    page::saved_page,
    reader::{Record, RecordError},
    recorder::Recorder,
};
