//! What a program said on each of its outputs, and how it ended.

use std::{
    io::{Read, Write as _},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

use serde_json::Value;

use crate::common::{DEADLINE, Running};

/// The end of a program.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Outcome {
    /// Runs a program with this standard input until it ends.
    pub(crate) fn of(mut command: Command, input: &str) -> Self {
        command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = Running(child.expect("the program is built with its tests"));
        let (mut stdin, input) = (child.0.stdin.take().expect("a pipe"), input.to_owned());
        // the program may end before it has read all
        thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let (out, err) = (all_of(child.0.stdout.take()), all_of(child.0.stderr.take()));
        let wait = |output: Receiver<String>| output.recv_timeout(DEADLINE).expect("it ends");
        let (out, err) = (wait(out), wait(err));
        Self { code: child.0.wait().expect("it was started here").code(), out, err }
    }

    /// Asserts that it was done, and returns the lines of standard output.
    pub(crate) fn success(&self) -> Vec<String> {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out.lines().map(str::to_owned).collect()
    }

    /// Asserts that it was done and that standard output is one value of JSON in one line, and returns it.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert_eq!(self.out.lines().count(), 1, "{self:#?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Asserts that it was refused with this exit code: one sentence on standard error, beside the progress of a slow
    /// machine, and nothing on standard output. Returns the sentence.
    pub(crate) fn refused(&self, code: i32) -> String {
        assert_eq!(self.out, "", "{self:#?}");
        self.refused_after_its_price(code)
    }

    /// As [`refused`](Self::refused), but what a payment costs may stand on standard output.
    pub(crate) fn refused_after_its_price(&self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        let lines: Vec<_> = self.err.lines().filter(|line| !line.starts_with("catching up: ")).collect();
        let [sentence] = lines[..] else { panic!("not one sentence: {self:#?}") };
        assert!(!sentence.contains("panicked"), "{self:#?}");
        sentence.strip_prefix("error: ").unwrap_or_else(|| panic!("no error: {self:#?}")).to_owned()
    }

    /// Asserts that the arguments were refused, and returns what was said.
    pub(crate) fn usage(&self) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{self:#?}");
        assert!(self.err.starts_with("error: ") && !self.err.contains("panicked"), "{self:#?}");
        &self.err
    }
}

/// Reads an output to its end on a thread of its own, so that no pipe fills up.
fn all_of(output: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let mut output = output.expect("a pipe");
    let (sender, read) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        let result = output.read_to_string(&mut text);
        // the test may have failed meanwhile
        let _ = sender.send(result.map_or_else(|error| format!("not UTF-8: {error}"), |_| text));
    });
    read
}
