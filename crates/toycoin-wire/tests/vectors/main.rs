//! Freezes every frame and every message in docs/vectors/wire.json.
//!
//! Each vector says its fields line by line, `type name = value`, in the order in which they are written. A little
//! encoder here, which knows nothing of serde or bincode, makes bytes of those lines; they must be the crate's own.
//!
//! The file is regenerated and compared. `TOYCOIN_UPDATE_VECTORS=1` rewrites it instead: its diff is to be read as a
//! change of the protocol, for that is what it is.

mod cases;
mod fields;
mod judged;
mod light;
mod lines;

use std::{env, fs};

use serde_json::{Map, Value, json};

use self::{
    cases::{frames, payloads},
    judged::{judged_payloads, judged_streams},
    lines::Lines,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/wire.json");

#[test]
fn frames_and_messages_are_as_frozen() {
    let found = json!({
        "about": "toycoin wire protocol version 1, docs/protocol.md; a message's fields are lines `type name = value`, \
                  in the order of their bytes, which are hex",
        "types": {
            "u16, u32, u64": "little-endian",
            "array": "its bytes, without a length; in hex",
            "count": "of the items that follow: u64",
            "text": "length in bytes u64, then UTF-8; as a JSON string",
            "blob": "length u64, then its bytes; in hex",
            "option": "one byte, 0 for none, 1 for some: then what it holds follows",
        },
        "frames": frames(),
        "payloads": payloads(),
        "judged_streams": judged_streams(),
        "judged_payloads": judged_payloads(),
    });
    if env::var_os("TOYCOIN_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        fs::write(FILE, text).expect("docs/vectors can be written");
        return;
    }
    let text = fs::read_to_string(FILE).expect("docs/vectors/wire.json");
    let frozen: Value = serde_json::from_str(&text).unwrap();
    let mut differences = Vec::new();
    compare("", &frozen, &found, &mut differences);
    assert!(differences.is_empty(), "not as frozen:\n{}", differences.join("\n"));
}

/// The encoder of the lines against bytes that were written down by hand from docs/protocol.md.
#[test]
fn lines_are_encoded_as_the_page_says() {
    let cases: [(&[&str], &[u8]); 7] = [
        (&["u16 version = 1"], b"\x01\0"),
        (&["u32 vout = 258", "u64 height = 7"], b"\x02\x01\0\0\x07\0\0\0\0\0\0\0"),
        (&["array id = 00ff"], b"\0\xff"),
        (&["text agent = \"x/1\""], b"\x03\0\0\0\0\0\0\0x/1"),
        (&["text reason = \"\u{e9}\\\"\""], b"\x03\0\0\0\0\0\0\0\xc3\xa9\""),
        (&["blob payload = "], b"\0\0\0\0\0\0\0\0"),
        (&["option to = none", "option to = some", "array to = 07", "count n = 1"], b"\0\x01\x07\x01\0\0\0\0\0\0\0"),
    ];
    for (lines, bytes) in cases {
        let lines = Lines(lines.iter().copied().map(str::to_owned).collect());
        assert_eq!(lines.encode(), bytes, "{lines:?}");
    }
}

/// The page shows bytes line by line, two spaces before what they mean; each dump is one of the frozen vectors.
#[test]
fn the_pages_bytes_are_frozen_too() {
    let page = include_str!("../../../../docs/protocol.md");
    let vectors = [frames(), payloads()];
    let dumps = page.split("```dump\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let mut count = 0;
    for dump in dumps {
        let bytes = |line: &str| line.split("  ").next().unwrap_or_default().replace(' ', "");
        let dumped = Value::from(dump.lines().map(bytes).collect::<String>());
        let is_dumped = |vector: &Value| vector["frame"] == dumped || vector["payload"] == dumped;
        assert!(vectors.iter().flat_map(|list| list.as_array().unwrap()).any(is_dumped), "{dump}");
        count += 1;
    }
    assert_eq!(count, 4);
    for tag in vectors.iter().flat_map(|list| list.as_array().unwrap()).map(|vector| vector["tag"].as_str().unwrap()) {
        assert!(page.contains(&format!("| {}", tag.trim())) || tag == "UNSB" || tag == "PONG", "{tag} has no row");
    }
}

/// Collects the places in which two values differ.
fn compare(place: &str, frozen: &Value, found: &Value, differences: &mut Vec<String>) {
    match (frozen, found) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for name in names {
                let at = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                compare(&format!("{place}/{name}"), &at(one), &at(other), differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{place}/{index}"), one, other, differences);
            }
        }
        _ if frozen == found => {}
        _ => differences.push(format!("{place}: frozen {frozen}, found {found}")),
    }
}
