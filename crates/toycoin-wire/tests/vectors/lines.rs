//! The fields of a message line by line, and the little encoder that makes bytes of them.

use serde_json::json;
use toycoin_core::hex::Hex;

pub(crate) fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

fn unhex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

/// The fields of a message, readable.
#[derive(Debug, Default)]
pub(crate) struct Lines(pub(crate) Vec<String>);

impl Lines {
    pub(crate) fn put(mut self, kind: &str, name: &str, value: impl std::fmt::Display) -> Self {
        self.0.push(format!("{kind} {name} = {value}"));
        self
    }

    pub(crate) fn array(self, name: &str, bytes: &[u8]) -> Self {
        self.put("array", name, Hex(bytes))
    }

    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.put("text", name, json!(text))
    }

    /// A count, then each item's fields.
    pub(crate) fn list<T>(self, name: &str, items: &[T], fields: impl Fn(Self, &str, &T) -> Self) -> Self {
        let lines = self.put("count", name, items.len());
        items.iter().enumerate().fold(lines, |lines, (at, item)| fields(lines, &format!("{name}[{at}]"), item))
    }

    /// Makes bytes of the lines, and of nothing else.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in &self.0 {
            let (front, value) = line.split_once(" = ").expect("type name = value");
            let (kind, _) = front.split_once(' ').expect("type name = value");
            let number = || value.parse::<u64>().expect("a number").to_le_bytes();
            match kind {
                "u16" => out.extend(&number()[..2]),
                "u32" => out.extend(&number()[..4]),
                "u64" | "count" => out.extend(number()),
                "array" => out.extend(unhex(value)),
                "text" => {
                    let text: String = serde_json::from_str(value).expect("a JSON string");
                    out.extend((text.len() as u64).to_le_bytes());
                    out.extend(text.bytes());
                }
                "blob" => {
                    let bytes = unhex(value);
                    out.extend((bytes.len() as u64).to_le_bytes());
                    out.extend(bytes);
                }
                "option" => out.push(match value {
                    "none" => 0,
                    "some" => 1,
                    _ => panic!("{line}"),
                }),
                _ => panic!("{line}"),
            }
        }
        out
    }
}
