//! Bytes as a script: numbers and slices are taken from the front until nothing is left.

/// The rest of a script.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a byte; 0 at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(crate) fn number(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// Takes some bytes, as many as a number says that comes first, or as there are.
    pub(crate) fn slice(&mut self) -> &'a [u8] {
        let count = usize::from(self.number() % 2_048).min(self.0.len());
        let (slice, rest) = self.0.split_at(count);
        self.0 = rest;
        slice
    }
}
