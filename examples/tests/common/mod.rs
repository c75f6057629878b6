//! The programs as processes: started, read line by line, signalled, and never left behind.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod mesh;
pub(crate) mod stranger;

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use toycoin_core::{ChainParams, SecretKey, hex::Hex};

/// Longer than anything here takes on a loaded machine; no test waits for it to pass.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// A process that does not outlive its test.
pub(crate) struct Running(pub(crate) Child);

/// A running program.
pub(crate) struct Program {
    name: String,
    child: Running,
    lines: Receiver<String>,
    /// All that it has said.
    pub(crate) said: Vec<String>,
}

/// Starts a program, and listens to the lines of both its outputs.
pub(crate) fn start(mut command: Command) -> (Running, Receiver<String>) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{:?} does not start: {error}", command.get_program()));
    let (sender, lines) = channel();
    let outputs: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|out| Box::new(out) as _), child.stderr.take().map(|out| Box::new(out) as _)];
    for output in outputs.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // whoever listened may have heard enough
                let _ = sender.send(line);
            }
        });
    }
    (Running(child), lines)
}

/// Returns the names of the files in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// Where cargo puts the programs that it builds with this test: those of the packages that are tested. A test of the
/// wallet needs those of `toycoin-examples`, too.
pub(crate) fn path_of(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test has a path");
    let target = test.parent().and_then(|deps| deps.parent()).expect("in target/profile/deps");
    target.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION)
}

impl Program {
    /// Starts a program of the workspace.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(path_of(name));
        command.args(arguments).env_remove("RUST_LOG");
        Self::of(name, command)
    }

    /// Starts a program of the workspace through a shell. In the script `"$0"` is the program.
    pub(crate) fn shell(name: &str, script: &str) -> Self {
        let mut command = Command::new("bash");
        command.args(["-c", script]).arg(path_of(name)).env_remove("RUST_LOG");
        Self::of(name, command)
    }

    fn of(name: &str, command: Command) -> Self {
        let (child, lines) = start(command);
        Self { name: name.to_owned(), child, lines, said: Vec::new() }
    }

    /// Starts a relay on a port of its own and returns it with its address.
    pub(crate) fn relay() -> (Self, String) {
        Self::relay_at("127.0.0.1:0")
    }

    pub(crate) fn relay_at(address: &str) -> (Self, String) {
        let mut relay = Self::start("relay", &["--listen", address]);
        let line = relay.line_with("listening on");
        let address = line.rsplit(' ').next().expect("an address").to_owned();
        (relay, address)
    }

    /// Waits for a line that holds this text.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("{} never said {text:?}, but {:#?}", self.name, self.said),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{} ended without saying {text:?}, but {:#?}", self.name, self.said)
                }
            }
        }
    }

    /// Waits until a node says that it connected a block of at least this height, and returns the height.
    pub(crate) fn block(&mut self, height: u64) -> u64 {
        loop {
            let line = self.line_with("  ");
            if let Some((said, _)) = row(&line).filter(|(said, _)| *said >= height) {
                return said;
            }
        }
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").arg(format!("-{name}")).arg(self.child.0.id().to_string()).status();
        assert!(kill.expect("there is kill").success());
    }

    /// Ends the program as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.0.kill().expect("it runs");
        self.child.0.wait().expect("it was started here");
    }

    /// Waits for the end, and returns the exit code and all that was said.
    pub(crate) fn end(mut self) -> (i32, Vec<String>) {
        let end = Instant::now() + DEADLINE;
        // both outputs close when it ends
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("{} does not end: {:#?}", self.name, self.said),
            }
        }
        let status: ExitStatus = self.child.0.wait().expect("it was started here");
        (status.code().expect("no signal ended it"), std::mem::take(&mut self.said))
    }

    /// Waits for an end without an error.
    pub(crate) fn success(self) -> Vec<String> {
        let name = self.name.clone();
        let (code, said) = self.end();
        assert_eq!(code, 0, "{name}: {said:#?}");
        said
    }

    /// Waits for an end with this exit code and one line that says why.
    pub(crate) fn failure(self, code: i32) -> String {
        let name = self.name.clone();
        let (found, said) = self.end();
        assert_eq!(found, code, "{name}: {said:#?}");
        let errors: Vec<_> = said.iter().filter(|line| line.starts_with("error: ")).collect();
        let [error] = errors[..] else { panic!("{name} says not one error: {said:#?}") };
        error.clone()
    }
}

/// Returns height and first digits of the hash of a block that a node connected, if the line is its row.
pub(crate) fn row(line: &str) -> Option<(u64, String)> {
    let mut words = line.strip_prefix("  ")?.split_whitespace();
    let (height, hash, parent) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    let is_hash = |text: &str| text.len() == 10 && text.chars().all(|c| c.is_ascii_hexdigit());
    // a block beside the chain has a mark before its parent
    (is_hash(hash) && (is_hash(parent) || parent == "genesis")).then(|| (height, hash.to_owned()))
}

impl Drop for Running {
    fn drop(&mut self) {
        // most have ended by now
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder for one test's files, made anew.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    // what an earlier run left
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a place for files");
    folder
}

/// Writes the key of a classroom wallet into a folder, as earlier versions kept keys, and returns the file's path. The
/// first four have coins from genesis on, the others have none.
pub(crate) fn classroom_key(folder: &Path, index: u32, name: &str) -> String {
    private_file(&folder.join(name), &format!("{}\n", Hex(&SecretKey::classroom(index).to_bytes())))
}

/// Writes the passphrase of a new wallet into a file in a folder, and returns its path.
pub(crate) fn passphrase_file(folder: &Path) -> String {
    private_file(&folder.join("passphrase"), "correct horse battery staple\n")
}

/// Writes a file that its owner alone can read, in place of what is there, and returns its path.
fn private_file(path: &Path, text: &str) -> String {
    fs::write(path, text).expect("a place for files");
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file");
    path.to_str().expect("a name in UTF-8").to_owned()
}

/// The address of a classroom wallet on regtest.
pub(crate) fn classroom_address(index: u32) -> String {
    ChainParams::regtest().address(SecretKey::classroom(index).public_key()).to_string()
}

/// An address at which nobody listens: it was free a moment ago.
pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}
