//! What a process has in its memory.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
};

use super::Needle;

/// Most bytes of one mapping that are read: room that was only reserved is not.
const MOST: u64 = 256 << 20;

/// A copy of all mappings of a process that can be read.
pub(crate) struct Memory {
    /// Name and bytes of each mapping.
    mappings: Vec<(String, Vec<u8>)>,
}

impl Memory {
    /// Copies the memory of a process that the test started; `None`, with a word about it, where that is forbidden.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("it runs");
        let file = match File::open(format!("/proc/{pid}/mem")) {
            Ok(file) => file,
            Err(error) => {
                eprintln!("skipped: the system shows no memory of another process: {error}");
                return None;
            }
        };
        let mappings = maps.lines().filter_map(|line| mapping(&file, line)).collect();
        Some(Self { mappings })
    }

    /// Returns what of some things is in it, with their places, for the message of a test that fails.
    pub(crate) fn find<'a>(&self, needles: &'a [Needle]) -> Vec<(&'a Needle, String)> {
        // one pass for all of them, since a test is not optimised
        let mut starts = vec![false; 1 << 16];
        needles.iter().for_each(|needle| starts[needle.start()] = true);
        let mut found = Vec::new();
        for (name, bytes) in &self.mappings {
            let mut start = 0;
            for (end, byte) in bytes.iter().enumerate() {
                start = (start << 8 | usize::from(*byte)) & 0xffff;
                if end > 0 && starts[start] {
                    let at = end - 1;
                    let here = needles.iter().filter(|needle| bytes[at..].starts_with(needle.bytes()));
                    found.extend(here.map(|needle| (needle, format!("{} at {at:#x} of {name}", needle.name))));
                }
            }
        }
        found
    }
}

/// Reads the mapping of a line such as `7f0c-7f1d rw-p 0 00:00 0  [heap]`.
fn mapping(file: &File, line: &str) -> Option<(String, Vec<u8>)> {
    let mut words = line.split_whitespace();
    let (range, flags) = (words.next()?, words.next()?);
    let (begin, end) = range.split_once('-')?;
    let (begin, end) = (u64::from_str_radix(begin, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
    if !flags.starts_with('r') || end - begin > MOST {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(end - begin).ok()?];
    // pages of the kernel, such as [vvar], cannot be read
    file.read_exact_at(&mut bytes, begin).ok()?;
    Some((line.to_owned(), bytes))
}
