//! A relay in a process of its own.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use cpu_time::ProcessTime;
use toycoin_node::{RelayServer, relay::RelayConfig};

/// The argument with which this program is a relay.
pub(crate) const SERVE: &str = "--serve";

/// Serves until the end of the standard input. Each line there is answered with the processor time of this process in
/// nanoseconds and its resident memory in KiB.
pub(crate) fn serve() -> Result<(), Box<dyn Error>> {
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?.spawn()?;
    println!("{}", relay.local_addr());
    for line in io::stdin().lines() {
        line?;
        println!("{} {}", ProcessTime::now().as_duration().as_nanos(), resident()?.unwrap_or(0));
    }
    Ok(())
}

/// Returns the resident memory of this process in KiB, `None` where the system has no `/proc`.
fn resident() -> io::Result<Option<u64>> {
    let status = match fs::read_to_string("/proc/self/status") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        status => status?,
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()))
}

/// A relay that was started, and ends with this value.
#[derive(Debug)]
pub(crate) struct RelayProcess {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

/// What a relay has used since its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Processor time of all its threads.
    pub(crate) processor: Duration,
    /// Resident memory in KiB, 0 where the system does not tell.
    pub(crate) resident: u64,
}

impl RelayProcess {
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let mut child =
            Command::new(env::current_exe()?).arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| "the relay did not start");
        let mut relay = Self { child, input, output, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        relay.address = address?;
        Ok(relay)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn usage(&mut self) -> Result<Usage, Box<dyn Error>> {
        self.input.as_mut().ok_or("no input")?.write_all(b"\n")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let (nanos, resident) = line.trim().split_once(' ').ok_or("the relay has ended")?;
        Ok(Usage { processor: Duration::from_nanos(nanos.parse()?), resident: resident.parse()? })
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // it ends by itself when its input does
        self.input = None;
        drop(self.child.wait());
    }
}
