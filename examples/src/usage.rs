//! Errors of a program that was asked for what makes no sense: exit code 2.

use std::{env, error::Error, fmt, path::Path};

use clap::{CommandFactory, error::ErrorKind};

/// The arguments are well formed, but they do not fit each other, or what they name. The program ends with exit code 2
/// and this sentence, as it does for arguments that it cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage(String);

impl Usage {
    /// Returns the error with a sentence that says which argument is wrong, and what to do.
    pub const fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

/// Ends a program with exit code 2 because of arguments that do not fit each other. It prints the message and the usage,
/// as for arguments that cannot be read.
pub fn refuse<A: CommandFactory>(kind: ErrorKind, message: impl fmt::Display) -> ! {
    // clap learns the program's name only when it parses; until then it has that of the package
    let program = env::args_os().next();
    let name = program.as_deref().and_then(|program| Path::new(program).file_name()).map(|name| name.to_string_lossy());
    let mut command = A::command();
    if let Some(name) = name {
        command = command.bin_name(name.into_owned());
    }
    command.error(kind, message).exit()
}
