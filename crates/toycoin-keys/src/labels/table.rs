//! All labels of a wallet.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{error::LabelsError, label::Label};
use crate::limits::{MAX_LABEL_CHARS, MAX_LABEL_FILE, MAX_LABEL_LINE, MAX_LABELS};

/// Labels by type and reference, as BIP-329 has them.
///
/// | type | reference |
/// | --- | --- |
/// | `tx` | a txid |
/// | `addr` | an address |
/// | `pubkey` | an owner |
/// | `input`, `output` | a txid, a colon and an index |
/// | `xpub` | an account's public key |
///
/// Other types, and other fields of a line, are kept as they came. Labels that are written can be read again: what
/// would be longer than a reader takes is refused before it is added.
///
/// ```
/// use toycoin_keys::Labels;
///
/// let txid = "f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd";
/// let mut labels = Labels::new();
/// labels.set("tx", txid, "rent")?;
/// let mut lines = Vec::new();
/// labels.write_to(&mut lines)?;
/// assert_eq!(lines, format!("{{\"type\":\"tx\",\"ref\":\"{txid}\",\"label\":\"rent\"}}\n").as_bytes());
/// assert_eq!(Labels::read(&lines)?.text("tx", txid), Some("rent"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Sorted, so that one set of labels is one file.
    table: BTreeMap<(String, String), Label>,
    /// The bytes of all lines: no more than are read again.
    bytes: usize,
}

impl Labels {
    /// Makes a table without labels.
    pub const fn new() -> Self {
        Self { table: BTreeMap::new(), bytes: 0 }
    }

    /// Returns the number of labels.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Returns the text of a label.
    pub fn text(&self, kind: &str, reference: &str) -> Option<&str> {
        self.table.get(&(kind.into(), reference.into())).and_then(Label::text)
    }

    /// Returns all labels, sorted: type, reference, label.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Label)> {
        self.table.iter().map(|((kind, reference), label)| (kind.as_str(), reference.as_str(), label))
    }

    /// Sets the text of a label. Its other fields stay.
    ///
    /// # Errors
    /// When a text is empty, has more than [`MAX_LABEL_CHARS`] characters or a control character, or there are
    /// [`MAX_LABELS`] labels already. When the line with its other fields, or all lines, would be too long to be read
    /// again.
    pub fn set(&mut self, kind: &str, reference: &str, text: &str) -> Result<(), LabelsError> {
        [kind, reference, text].into_iter().try_for_each(Self::require_text)?;
        let key = (kind.to_owned(), reference.to_owned());
        let mut label = self.table.get(&key).cloned().unwrap_or_default();
        label.set_text(text);
        self.insert(key.0, key.1, label)
    }

    /// Refuses a text that [`set`](Self::set) takes for no label.
    ///
    /// # Errors
    /// When it is empty, or has more than [`MAX_LABEL_CHARS`] characters or a control character.
    pub fn require_text(text: &str) -> Result<(), LabelsError> {
        let is_bounded = !text.is_empty() && text.chars().count() <= MAX_LABEL_CHARS;
        if is_bounded && !text.chars().any(char::is_control) { Ok(()) } else { Err(LabelsError::Text) }
    }

    /// Removes a label with all its fields, and returns whether there was one.
    pub fn remove(&mut self, kind: &str, reference: &str) -> bool {
        let removed = self.table.remove(&(kind.into(), reference.into()));
        self.bytes -= removed.as_ref().map_or(0, |label| label.len(kind, reference));
        removed.is_some()
    }

    /// Adds other labels. Where both have one, the other one is kept.
    ///
    /// # Errors
    /// When there would be more than [`MAX_LABELS`] labels, or more than [`MAX_LABEL_FILE`] bytes of them. Some have
    /// been added then.
    pub fn merge(&mut self, other: Self) -> Result<(), LabelsError> {
        other.table.into_iter().try_for_each(|((kind, reference), label)| self.insert(kind, reference, label))
    }

    /// Writes one line of JSON for each label.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write_to(&self, mut writer: impl Write) -> io::Result<()> {
        self.iter().try_for_each(|(kind, reference, label)| writeln!(writer, "{}", label.to_line(kind, reference)))
    }

    pub(super) fn insert(&mut self, kind: String, reference: String, label: Label) -> Result<(), LabelsError> {
        let new = label.len(&kind, &reference);
        if new > MAX_LABEL_LINE + 1 {
            return Err(LabelsError::FieldsTooLong { kind, reference });
        }
        let key = (kind, reference);
        let before = self.table.get(&key).map(|label| label.len(&key.0, &key.1));
        if self.table.len() >= MAX_LABELS && before.is_none() {
            return Err(LabelsError::TooMany);
        }
        let bytes = self.bytes - before.unwrap_or(0) + new;
        if bytes > MAX_LABEL_FILE {
            return Err(LabelsError::TooLong);
        }
        self.bytes = bytes;
        self.table.insert(key, label);
        Ok(())
    }
}
