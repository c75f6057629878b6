//! Labels, read and written.

use proptest::prelude::*;

use super::*;
use crate::limits::{MAX_LABEL_FILE, MAX_LABEL_LINE, MAX_LABELS};

fn lines(labels: &Labels) -> String {
    let mut bytes = Vec::new();
    labels.write_to(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Lines of the kinds that BIP-329 shows, one of each type.
const EXAMPLES: &str = r#"
{"type":"addr","ref":"bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c","label":"Address"}
{"type":"input","ref":"f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd:0","label":"Input"}
{"type":"output","ref":"f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd:1","spendable":false}
{"type":"pubkey","ref":"0283409659355b6d1cc3c32decd5d561abaac86c37a353b52895a5e6c196d6f448","label":"Public Key"}
{"type":"tx","ref":"f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd","label":"Rent","origin":"wpkh"}
{"type":"xpub","ref":"xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2","label":"Account"}
"#;

#[test]
fn the_lines_of_bip_329_come_back_as_they_are() {
    let examples = EXAMPLES.trim_start();
    let labels = Labels::read(examples.as_bytes()).unwrap();
    assert_eq!(labels.len(), 6);
    assert_eq!(lines(&labels), examples);
    assert_eq!(Labels::read_from(examples.as_bytes()).unwrap(), labels);
}

#[test]
fn unknown_types_and_fields_are_kept() {
    let line = r#"{"type":"box","ref":"7","a":[1,{"b":null}],"spendable":true,"\n":1.5}"#;
    let mut labels = Labels::read(line.as_bytes()).unwrap();
    assert_eq!(labels.text("box", "7"), None);
    assert_eq!(labels.iter().count(), 1);
    assert_eq!(Labels::read(lines(&labels).as_bytes()).unwrap(), labels);
    labels.set("box", "7", "\"moved\"").unwrap();
    let expected = r#"{"type":"box","ref":"7","label":"\"moved\"","\n":1.5,"a":[1,{"b":null}],"spendable":true}"#;
    assert_eq!(lines(&labels), format!("{expected}\n"));
    assert!(labels.remove("box", "7") && !labels.remove("box", "7") && labels.is_empty());
}

#[test]
fn the_later_of_two_lines_is_kept() {
    let text =
        "{\"type\":\"tx\",\"ref\":\"a\",\"label\":\"one\"}\r\n\n{\"type\":\"tx\",\"ref\":\"a\",\"label\":\"two\"}";
    let mut labels = Labels::read(text.as_bytes()).unwrap();
    assert_eq!(labels.text("tx", "a"), Some("two"));
    let mut other = Labels::new();
    other.set("tx", "a", "three").unwrap();
    other.set("tx", "b", "four").unwrap();
    labels.merge(other).unwrap();
    assert_eq!((labels.text("tx", "a"), labels.text("tx", "b")), (Some("three"), Some("four")));
}

#[test]
fn a_wrong_line_is_told_by_its_number() {
    for (line, wanted) in [
        ("rent", "it is not one JSON object"),
        ("[]", "it is not one JSON object"),
        ("{\"ref\":\"a\",\"label\":\"b\"}", "it lacks type or ref"),
        ("{\"type\":\"tx\",\"label\":\"b\"}", "it lacks type or ref"),
        ("{\"type\":1,\"ref\":\"a\"}", "its type is not a text in one line"),
        ("{\"type\":\"tx\",\"ref\":\"a\\nb\"}", "its ref is not a text in one line"),
        // a terminal would obey it
        ("{\"type\":\"tx\",\"ref\":\"a\",\"label\":\"\\u001b[2J\"}", "its label is not a text in one line"),
    ] {
        let error = Labels::read(format!("\n{line}\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("line 2 is no label: {wanted}"));
    }
    let error = Labels::read(b"{\"type\":\"tx\",\"ref\":\"\xff\"}").unwrap_err();
    assert_eq!(error.to_string(), "line 1 is no label: it is not text in UTF-8");
}

#[test]
fn what_is_set_is_bounded() {
    let mut labels = Labels::new();
    labels.set("tx", "a", &"\u{e9}".repeat(255)).unwrap();
    for text in ["", "two\nlines", "\u{7}", &"a".repeat(256)] {
        assert!(matches!(labels.set("tx", "a", text), Err(LabelsError::Text)), "{text}");
        assert!(matches!(labels.set("tx", text, "a"), Err(LabelsError::Text)), "{text}");
    }
    assert_eq!(labels.len(), 1);
}

#[test]
fn files_lines_and_their_number_are_bounded() {
    let long = vec![b'\n'; MAX_LABEL_FILE + 1];
    assert!(matches!(Labels::read(&long), Err(LabelsError::TooLong)));
    assert!(matches!(Labels::read_from(std::io::repeat(b'\n')), Err(LabelsError::TooLong)));
    assert!(Labels::read(&long[1..]).is_ok());
    let line = format!("{{\"type\":\"tx\",\"ref\":\"{}\"}}", "a".repeat(MAX_LABEL_LINE));
    assert!(matches!(Labels::read(line.as_bytes()), Err(LabelsError::LineTooLong { line: 1 })));
    let deep = format!("{{\"type\":\"tx\",\"ref\":\"a\",\"b\":{}", "[".repeat(10_000));
    assert!(matches!(Labels::read(deep.as_bytes()), Err(LabelsError::Malformed { .. })));
    let many: String = (0..MAX_LABELS).map(|index| format!("{{\"type\":\"tx\",\"ref\":\"{index}\"}}\n")).collect();
    let mut labels = Labels::read(many.as_bytes()).unwrap();
    assert!(matches!(labels.set("tx", "one more", "a"), Err(LabelsError::TooMany)));
    labels.set("tx", "7", "one of them").unwrap();
    assert!(matches!(Labels::read((many + "{\"type\":\"a\",\"ref\":\"a\"}").as_bytes()), Err(LabelsError::TooMany)));
}

#[test]
fn fields_that_grow_when_they_are_written_are_refused() {
    // 1e15 is written as 1000000000000000.0
    let numbers = |count: usize| vec!["1e15"; count].join(",");
    let line = |count| format!("\n{{\"type\":\"tx\",\"ref\":\"a\",\"b\":[{}]}}", numbers(count));
    assert!(line(3_000).len() <= MAX_LABEL_LINE);
    assert!(matches!(Labels::read(line(3_000).as_bytes()), Err(LabelsError::LineTooLong { line: 2 })));
    let labels = Labels::read(line(800).as_bytes()).unwrap();
    assert_eq!(Labels::read(lines(&labels).as_bytes()).unwrap(), labels);
}

#[test]
fn a_text_beside_long_fields_is_refused() {
    let line = format!("{{\"type\":\"tx\",\"ref\":\"a\",\"b\":\"{}\"}}", "x".repeat(MAX_LABEL_LINE - 40));
    let mut labels = Labels::read(line.as_bytes()).unwrap();
    let before = labels.clone();
    let error = labels.set("tx", "a", &"y".repeat(200)).unwrap_err();
    assert!(matches!(&error, LabelsError::FieldsTooLong { kind, reference } if kind == "tx" && reference == "a"));
    assert_eq!(labels, before);
    assert_eq!(Labels::read(lines(&labels).as_bytes()).unwrap(), labels);
}

#[test]
fn two_files_that_are_too_long_together_are_refused() {
    let fields = "x".repeat(15_000);
    let line = |index: usize| format!("{{\"type\":\"tx\",\"ref\":\"{index}\",\"b\":\"{fields}\"}}\n");
    let file = |from: usize| Labels::read((from..from + 1_000).map(line).collect::<String>().as_bytes()).unwrap();
    let mut labels = file(0);
    assert!(matches!(labels.merge(file(1_000)), Err(LabelsError::TooLong)));
    assert_eq!(Labels::read(lines(&labels).as_bytes()).unwrap(), labels);
    // what is removed leaves room
    let all = labels.len();
    assert!((0..50).all(|index| labels.remove("tx", &index.to_string())));
    labels.merge(Labels::read(line(0).as_bytes()).unwrap()).unwrap();
    assert_eq!(labels.len(), all - 49);
}

proptest! {
    #[test]
    fn any_bytes_give_labels_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Labels::read(&bytes);
    }

    #[test]
    fn any_labels_are_read_as_they_were_set(
        set in prop::collection::vec(("[a-z]{1,5}", "[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{1,20}"), 0..10),
    ) {
        let mut labels = Labels::new();
        for (kind, reference, text) in &set {
            labels.set(kind, reference, text).unwrap();
            prop_assert_eq!(labels.text(kind, reference), Some(text.as_str()));
        }
        prop_assert_eq!(Labels::read(lines(&labels).as_bytes()).unwrap(), labels);
    }
}
