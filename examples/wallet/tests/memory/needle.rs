//! Something that is looked for.

/// Bytes with a name.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    /// What it is.
    pub(crate) name: &'static str,
    bytes: Vec<u8>,
}

impl Needle {
    /// Names bytes. There have to be a few, or they are found anywhere.
    pub(crate) fn new(name: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        assert!(bytes.len() >= 7, "{name} is too short to be told from noise");
        Self { name, bytes }
    }

    /// Returns the bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the first two bytes, as a number.
    pub(crate) fn start(&self) -> usize {
        usize::from(self.bytes[0]) << 8 | usize::from(self.bytes[1])
    }

    /// Returns whether it is in a few bytes.
    pub(crate) fn is_in(&self, haystack: &[u8]) -> bool {
        haystack.windows(self.bytes.len()).any(|window| window == self.bytes)
    }
}
