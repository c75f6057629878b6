//! All labels of a wallet.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{error::LabelsError, label::Label};
use crate::limits::{MAX_LABEL_CHARS, MAX_LABELS};

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
/// Other types, and other fields of a line, are kept as they came.
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
}

impl Labels {
    /// Makes a table without labels.
    pub const fn new() -> Self {
        Self { table: BTreeMap::new() }
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
    /// [`MAX_LABELS`] labels already.
    pub fn set(&mut self, kind: &str, reference: &str, text: &str) -> Result<(), LabelsError> {
        let is_fine = |text: &str| {
            !text.is_empty() && text.chars().count() <= MAX_LABEL_CHARS && !text.chars().any(char::is_control)
        };
        if ![kind, reference, text].into_iter().all(is_fine) {
            return Err(LabelsError::Text);
        }
        match self.table.get_mut(&(kind.into(), reference.into())) {
            Some(label) => label.set_text(text),
            None => self.insert(kind.into(), reference.into(), Label::new(text))?,
        }
        Ok(())
    }

    /// Removes a label with all its fields, and returns whether there was one.
    pub fn remove(&mut self, kind: &str, reference: &str) -> bool {
        self.table.remove(&(kind.into(), reference.into())).is_some()
    }

    /// Adds other labels. Where both have one, the other one is kept.
    ///
    /// # Errors
    /// When there would be more than [`MAX_LABELS`] labels. Some have been added then.
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
        let key = (kind, reference);
        if self.table.len() >= MAX_LABELS && !self.table.contains_key(&key) {
            return Err(LabelsError::TooMany);
        }
        self.table.insert(key, label);
        Ok(())
    }
}
