//! One label.

use serde_json::{Map, Value};

use super::error::LabelsError;
use crate::limits::MAX_LABEL_LINE;

/// What is known of one thing, besides its type and its reference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Label {
    text: Option<String>,
    /// All other fields as JSON, with a comma before each: they are kept for the wallet that knows them.
    other: String,
}

impl Label {
    /// Returns the text; `None` if the line has other fields alone, such as `spendable`.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn set_text(&mut self, text: &str) {
        self.text = Some(text.into());
    }

    /// Parses a line to a type, a reference and a label.
    pub(super) fn read(line: &str, number: usize) -> Result<(String, String, Self), LabelsError> {
        let malformed = |wanted| LabelsError::Malformed { line: number, wanted };
        if line.len() > MAX_LABEL_LINE {
            return Err(LabelsError::LineTooLong { line: number });
        }
        let mut fields: Map<String, Value> =
            serde_json::from_str(line).map_err(|_| malformed("it is not one JSON object"))?;
        let mut text = |name: &str, wanted| match fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.chars().any(char::is_control) => Ok(Some(text)),
            Some(_) => Err(malformed(wanted)),
        };
        let kind = text("type", "its type is not a text in one line")?;
        let reference = text("ref", "its ref is not a text in one line")?;
        let label = text("label", "its label is not a text in one line")?;
        let (Some(kind), Some(reference)) = (kind, reference) else {
            return Err(malformed("it lacks type or ref"));
        };
        let mut other = String::new();
        for (name, value) in &fields {
            other += &format!(",{}:{value}", Value::from(name.as_str()));
        }
        Ok((kind, reference, Self { text: label, other }))
    }

    /// Returns the bytes of its line in a file.
    pub(super) fn len(&self, kind: &str, reference: &str) -> usize {
        self.to_line(kind, reference).len() + 1
    }

    /// Returns the line for a type and a reference.
    pub(super) fn to_line(&self, kind: &str, reference: &str) -> String {
        let text = self.text.as_ref().map(|text| format!(",\"label\":{}", Value::from(text.as_str())));
        let text = text.unwrap_or_default();
        format!("{{\"type\":{},\"ref\":{}{text}{}}}", Value::from(kind), Value::from(reference), self.other)
    }
}
