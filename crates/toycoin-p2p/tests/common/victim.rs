//! A node in a process of its own, whose memory is measured: the example `foreign`, run by the test's own program.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, mpsc},
};

use libp2p::PeerId;

use super::until;

/// The node. Its process ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Victim {
    process: Child,
    input: Mutex<ChildStdin>,
    lines: Mutex<mpsc::Receiver<String>>,
    pub(crate) address: String,
}

impl Victim {
    /// Starts the node: the ignored test of this name, in another process, is the example's `main`.
    pub(crate) fn start(test: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("a program runs"))
            .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the process starts");
        let input = process.stdin.take().expect("it is piped");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let (sender, lines) = mpsc::sync_channel(16);
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut new = Self { process, input: input.into(), lines: lines.into(), address: String::new() };
        new.address = new.read("listens");
        new.read("network");
        new
    }

    /// Returns the rest of the next line that begins with a word.
    fn read(&self, word: &str) -> String {
        let lines = self.lines.lock().expect("nothing panics with it");
        loop {
            let line = lines.recv().expect("the victim is alive");
            // the name of the test may stand before it
            if let Some((_, rest)) = line.split_once(&format!("{word} ")) {
                return rest.to_owned();
            }
        }
    }

    /// Gives a command, and returns the words of its answer.
    pub(crate) fn tell(&self, command: &str) -> Vec<String> {
        writeln!(self.input.lock().expect("nothing panics with it"), "{command}").expect("the victim is alive");
        self.read(command).split_whitespace().map(str::to_owned).collect()
    }

    /// Returns the payload with which it answers a command, its last word.
    pub(crate) fn payload(&self, command: &str) -> Vec<u8> {
        let words = self.tell(command);
        let hex = words.last().expect("a payload").as_bytes();
        let digit = |ascii: u8| char::from(ascii).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).expect("hex");
        hex.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    pub(crate) fn has_peer(&self, peer: &PeerId) -> bool {
        self.tell("peers").contains(&peer.to_string())
    }

    /// Waits until a peer has joined it.
    pub(crate) async fn joins(&self, peer: &PeerId) {
        until("joining", async || self.has_peer(peer)).await;
    }

    /// Waits until a peer is gone.
    pub(crate) async fn parts(&self, peer: &PeerId) {
        until("parting", async || !self.has_peer(peer)).await;
    }

    /// Returns the resident memory in bytes; 0 where the system does not tell.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Returns the most resident memory since [`forget_peak`](Self::forget_peak), in bytes; 0 where the system does not
    /// tell.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(&self) {
        // where there is no such file, there is no peak either
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5");
    }

    fn status(&self, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kib| kib << 10)
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
