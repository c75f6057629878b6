//! The program `view` is an example of this package; nothing else is in it.
