//! The reader of labels. Another wallet, or a stranger, wrote them.

use std::io::Read;

use super::{error::LabelsError, label::Label, table::Labels};
use crate::limits::MAX_LABEL_FILE;

impl Labels {
    /// Parses lines, all of them. Empty lines are skipped. Of two lines for one thing, the later one is kept.
    ///
    /// # Errors
    /// When a line is no label, or there is more than the [`limits`](crate::limits) allow.
    pub fn read(bytes: &[u8]) -> Result<Self, LabelsError> {
        if bytes.len() > MAX_LABEL_FILE {
            return Err(LabelsError::TooLong);
        }
        let mut labels = Self::new();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let wanted = "it is not text in UTF-8";
            let line = std::str::from_utf8(line).map_err(|_| LabelsError::Malformed { line: number, wanted })?;
            if !line.trim().is_empty() {
                let (kind, reference, label) = Label::read(line, number)?;
                labels.insert(kind, reference, label).map_err(|error| match error {
                    LabelsError::FieldsTooLong { .. } => LabelsError::LineTooLong { line: number },
                    error => error,
                })?;
            }
        }
        Ok(labels)
    }

    /// Reads lines, and no more than [`MAX_LABEL_FILE`] bytes of them.
    ///
    /// # Errors
    /// As [`read`](Self::read), and when the reader fails.
    pub fn read_from(reader: impl Read) -> Result<Self, LabelsError> {
        let most = u64::try_from(MAX_LABEL_FILE).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        reader.take(most + 1).read_to_end(&mut bytes)?;
        Self::read(&bytes)
    }
}
