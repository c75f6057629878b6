//! A disk that forgets: what was not synced is dropped, torn or kept out of order when the power goes.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use redb::StorageBackend;

/// Bytes that a disk writes whole.
const SECTOR: usize = 512;

/// What a disk holds after a loss of power: the index and the bodies.
pub(crate) type Image = [Vec<u8>; 2];

/// Two files on one disk; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: [FileState; 2],
    /// What the disk might hold if the power had gone at some sync, and after how many syncs.
    images: Vec<Image>,
    random: u64,
    /// Images to draw at each sync.
    draws: usize,
    /// Bytes that the disk has room for.
    room: Option<u64>,
    /// How often a file became shorter.
    shrinks: usize,
}

#[derive(Debug, Default)]
struct FileState {
    /// As programs see it.
    bytes: Vec<u8>,
    /// As it is for sure.
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(at, data) => {
                bytes.resize(bytes.len().max(at + data.len()), 0);
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
        }
    }
}

/// A file of a [`Disk`].
#[derive(Debug)]
pub(crate) struct DiskFile {
    disk: Disk,
    file: usize,
}

impl Disk {
    /// A disk from which so many images are drawn at each sync.
    pub(crate) fn new(seed: u64, draws: usize) -> Self {
        let disk = Self::default();
        (disk.state().random, disk.state().draws) = (seed, draws);
        disk
    }

    pub(crate) fn files(&self) -> [DiskFile; 2] {
        [0, 1].map(|file| DiskFile { disk: self.clone(), file })
    }

    /// Returns what was drawn since the last call.
    pub(crate) fn take_images(&self) -> Vec<Image> {
        std::mem::take(&mut self.state().images)
    }

    /// Returns what the files hold now, synced or not.
    pub(crate) fn now(&self) -> Image {
        let state = self.state();
        [0, 1].map(|file| state.files[file].bytes.clone())
    }

    /// Returns how often a file became shorter.
    pub(crate) fn shrinks(&self) -> usize {
        self.state().shrinks
    }

    /// Has room for so many bytes more than it holds; `None` for all.
    pub(crate) fn limit(&self, room: Option<u64>) {
        let mut state = self.state();
        let used: usize = state.files.iter().map(|file| file.bytes.len()).sum();
        state.room = room.map(|room| room + used as u64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn below(&mut self, limit: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap() % limit
    }

    /// Draws what the disk might hold now.
    fn draw(&mut self) -> Image {
        [0, 1].map(|file| {
            let mut bytes = self.files[file].synced.clone();
            let mut changes = self.files[file].unsynced.clone();
            // nothing or all of it now and then, else any part in any order
            let mood = self.below(4);
            for place in (1..changes.len()).rev() {
                let other = self.below(place + 1);
                if mood > 1 {
                    changes.swap(place, other);
                }
            }
            for change in changes {
                let kept = match mood {
                    0 => continue,
                    1 => true,
                    _ => self.below(2) == 0,
                };
                match change {
                    Change::Write(at, data) if mood == 3 => {
                        // torn: some of its sectors
                        for (place, sector) in data.chunks(SECTOR).enumerate() {
                            if self.below(2) == 0 {
                                Change::Write(at + place * SECTOR, sector.to_vec()).apply(&mut bytes);
                            }
                        }
                    }
                    change if kept => change.apply(&mut bytes),
                    _ => {}
                }
            }
            bytes
        })
    }

    fn change(&mut self, file: usize, change: Change) -> io::Result<()> {
        let others = self.files[1 - file].bytes.len();
        let length = match &change {
            Change::Length(length) => *length,
            Change::Write(at, data) => self.files[file].bytes.len().max(at + data.len()),
        };
        if length > self.files[file].bytes.len() && self.room.is_some_and(|room| (others + length) as u64 > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.shrinks += usize::from(length < self.files[file].bytes.len());
        change.apply(&mut self.files[file].bytes);
        self.files[file].unsynced.push(change);
        Ok(())
    }
}

impl StorageBackend for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (state, at) = (self.disk.state(), usize::try_from(offset).unwrap());
        let found = state.files[self.file].bytes.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.disk.state().change(self.file, Change::Length(usize::try_from(length).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        for _ in 0..state.draws {
            let image = state.draw();
            state.images.push(image);
        }
        let file = &mut state.files[self.file];
        file.synced = file.bytes.clone();
        file.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.state().change(self.file, Change::Write(usize::try_from(offset).unwrap(), data.to_vec()))
    }
}
