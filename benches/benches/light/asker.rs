//! Who asks for a balance: a process of its own, so that its memory is its own.

use std::{error::Error, net::SocketAddr, process::Command, time::Instant};

use toycoin_core::{ChainParams, test_util::classroom};
use toycoin_light::machine::Event;
use toycoin_node::{NodeBuilder, light::LightClient};

/// The wallet's classroom key.
pub(crate) const OWNER: u32 = 5;

/// How a balance is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    Light { birthday: u64 },
    Full,
}

/// Somebody who asks for a balance over a relay.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) relay: SocketAddr,
    /// The chain's height, up to which everything has to be searched.
    pub(crate) height: u64,
    pub(crate) manner: Manner,
}

/// What asking took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// Most memory of the process, in bytes, where the system tells.
    pub(crate) memory: Option<u64>,
}

impl Asker {
    /// Returns whom the arguments of this process describe: [`measure`](Self::measure) starts it with them.
    pub(crate) fn of(arguments: &[String]) -> Result<Option<Self>, Box<dyn Error>> {
        let [_, role, relay, height, birthday] = arguments else { return Ok(None) };
        let manner = match role.as_str() {
            "ask-light" => Manner::Light { birthday: birthday.parse()? },
            "ask-full" => Manner::Full,
            _ => return Ok(None),
        };
        Ok(Some(Self { relay: relay.parse()?, height: height.parse()?, manner }))
    }

    /// Starts the process, and returns what it reports.
    pub(crate) fn measure(&self) -> Result<Measured, Box<dyn Error>> {
        let (role, birthday) = match self.manner {
            Manner::Light { birthday } => ("ask-light", birthday),
            Manner::Full => ("ask-full", 0),
        };
        let mut command = Command::new(std::env::current_exe()?);
        let output = command.args([role, &self.relay.to_string(), &self.height.to_string(), &birthday.to_string()]);
        let output = output.output()?;
        let text = String::from_utf8(output.stdout)?;
        let mut words = text.split_whitespace();
        let seconds = words.next().ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?.parse()?;
        Ok(Measured { seconds, memory: words.next().map(str::parse).transpose()? })
    }

    /// Asks, and reports the seconds and the most memory in bytes.
    pub(crate) async fn run(&self) -> Result<(), Box<dyn Error>> {
        let begun = Instant::now();
        match self.manner {
            Manner::Light { birthday } => self.search(birthday).await?,
            Manner::Full => self.catch_up().await?,
        }
        println!(
            "{} {}",
            begun.elapsed().as_secs_f64(),
            most_memory().map_or(String::new(), |bytes| bytes.to_string())
        );
        Ok(())
    }

    async fn search(&self, birthday: u64) -> Result<(), Box<dyn Error>> {
        let client = LightClient::builder(ChainParams::regtest()).relay(self.relay.to_string());
        let mut client = client.watch(classroom::owner(OWNER), birthday).spawn()?;
        while let Some(event) = client.next().await {
            if matches!(event, Event::Searched { height, .. } if height >= self.height) {
                return Ok(());
            }
        }
        Err("the light client ended".into())
    }

    async fn catch_up(&self) -> Result<(), Box<dyn Error>> {
        let node = NodeBuilder::new(ChainParams::regtest()).relay(self.relay.to_string()).spawn().await?;
        let mut events = node.events();
        while node.status().await?.tip.height < self.height {
            // a missed event is as good as one
            drop(events.recv().await);
        }
        Ok(())
    }
}

/// Returns the most memory that this process had, in bytes.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}
