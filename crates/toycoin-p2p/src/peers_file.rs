//! The peers file, which is read once and written now and then, away from the task that drives the swarm.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use tokio::task::{JoinHandle, spawn_blocking};

use crate::limits::MAX_PEERS_FILE;

/// Returns the text of the file, and an empty one if there is none. This blocks.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_PEERS_FILE + 1).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    if bytes.len() as u64 > MAX_PEERS_FILE {
        return Err(io::Error::other(format!("it has more than {MAX_PEERS_FILE} bytes")));
    }
    // a line that is no text is a broken line
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes the file: beside its place first, so that a crash leaves the old one. This blocks.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Writes the file, one text after the other.
#[derive(Debug, Default)]
pub(crate) struct Saver {
    path: Option<PathBuf>,
    running: Option<JoinHandle<io::Result<()>>>,
    /// The newest text that came while an older one is written.
    next: Option<String>,
}

impl Saver {
    /// Returns a saver; it does nothing without a path.
    pub(crate) const fn new(path: Option<PathBuf>) -> Self {
        Self { path, running: None, next: None }
    }

    pub(crate) fn save(&mut self, text: String) {
        let Some(path) = self.path.clone() else { return };
        if self.running.is_some() {
            self.next = Some(text);
        } else {
            self.running = Some(spawn_blocking(move || write(&path, &text)));
        }
    }

    /// Returns whether something is being written.
    pub(crate) const fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Waits until what is being written is written. Dropping the future loses nothing.
    pub(crate) async fn saved(&mut self) {
        let Some(running) = &mut self.running else { return };
        let result = running.await;
        self.running = None;
        if let Err(error) = result.unwrap_or_else(|error| Err(io::Error::other(error))) {
            let path = self.path.as_deref().unwrap_or(Path::new("")).display();
            tracing::warn!("cannot write the peers file {path}: {error}; peers found now are forgotten at the end");
        }
        if let Some(text) = self.next.take() {
            self.save(text);
        }
    }

    /// Writes a last text, after all others.
    pub(crate) async fn finish(&mut self, text: String) {
        self.save(text);
        while self.is_busy() {
            self.saved().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn last_text_stays() {
        let mut name = [0; 8];
        getrandom::fill(&mut name).unwrap();
        let folder = std::env::temp_dir().join(format!("toycoin-p2p-peers-{}", u64::from_ne_bytes(name)));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("peers");
        assert_eq!(read(&path).unwrap(), "");
        let mut saver = Saver::new(Some(path.clone()));
        for number in 0..5 {
            saver.save(format!("{number}\n"));
        }
        saver.finish("last\n".into()).await;
        assert_eq!(read(&path).unwrap(), "last\n");
        fs::write(&path, b"\xff\xfe\n").unwrap();
        assert!(read(&path).is_ok(), "a broken line is peering's to skip");
        fs::remove_dir_all(&folder).unwrap();
    }
}
