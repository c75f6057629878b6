//! The memory of another process, as the system shows it to its parent.

mod needle;
mod process_memory;

pub(crate) use needle::Needle;
pub(crate) use process_memory::Memory;
