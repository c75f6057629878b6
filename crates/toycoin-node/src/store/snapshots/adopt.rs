//! Taking over a chain that was validated from genesis, in place of one that began with a snapshot.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::store::{
    BODIES_FILE, INDEX_FILE, RedbStore, StoreError,
    reindex::{locked, sync_directory_of},
};

/// Directory within a store's directory, in which its chain is validated from genesis.
const DIRECTORY: &str = "validation";

/// File in it that says that the block of the snapshot was found valid.
const MARK: &str = "validated";

impl RedbStore {
    /// Returns the directory in which the chain of `directory` is validated from genesis.
    pub fn validation_directory(directory: &Path) -> PathBuf {
        directory.join(DIRECTORY)
    }

    /// Notes that the chain in the [directory for validation](Self::validation_directory) has found the block of the
    /// snapshot valid.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn mark_validated(directory: &Path) -> Result<(), StoreError> {
        let mark = directory.join(DIRECTORY).join(MARK);
        fs::File::create(&mark).and_then(|file| file.sync_all()).map_err(|error| StoreError::of_io(&mark, error))?;
        sync_directory_of(&mark);
        Ok(())
    }

    /// Puts a chain that was validated from genesis in place of the one that began with a snapshot, if there is one.
    /// Returns whether there was. It is the chain of a full node, which has every block; what it lacks at its end is
    /// fetched again.
    ///
    /// A crash leaves what the next call completes.
    ///
    /// # Errors
    /// When one of the stores is in use, a file is missing, or the disk fails.
    pub fn adopt_validated(directory: &Path) -> Result<bool, StoreError> {
        let from = directory.join(DIRECTORY);
        if !from.join(MARK).exists() {
            return Ok(false);
        }
        let [index, bodies] = [INDEX_FILE, BODIES_FILE].map(|name| directory.join(name));
        let [new_index, new_bodies] = [INDEX_FILE, BODIES_FILE].map(|name| from.join(name));
        let of_io = |path: &Path, error: io::Error| StoreError::of_io(path, error);
        let rename = |from: &Path, to: &Path| {
            fs::rename(from, to).map_err(|error| of_io(to, error))?;
            sync_directory_of(to);
            Ok::<(), StoreError>(())
        };
        if new_index.exists() {
            let _ours = if index.exists() { Some(locked(directory, &index)?) } else { None };
            let _theirs = locked(&from, &new_index)?;
            if new_bodies.exists() {
                // without the index nothing can mix the files of two chains
                if index.exists() {
                    fs::remove_file(&index).map_err(|error| of_io(&index, error))?;
                    sync_directory_of(&index);
                }
                rename(&new_bodies, &bodies)?;
            } else if index.exists() {
                let way_out = "remove the directory above it: the chain is validated again";
                return Err(StoreError::Missing { path: new_bodies.display().to_string(), way_out });
            }
            rename(&new_index, &index)?;
        }
        fs::remove_dir_all(&from).map_err(|error| of_io(&from, error))?;
        sync_directory_of(&from);
        Ok(true)
    }
}
