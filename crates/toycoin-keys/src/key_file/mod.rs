//! The key file: `wallet.json`, sealed under a passphrase, watch-only, or a single key of earlier versions.

mod error;
mod file;
mod form;
mod header;
mod kdf;
mod new_file;
mod seal;
mod sealed;
#[cfg(test)]
mod tests;
mod unlocked;
mod watch;

pub use self::{
    error::{KeyFileError, UnlockError},
    file::KeyFile,
    kdf::{KdfCost, KdfCostError},
    new_file::NewFile,
    seal::SealSeed,
    sealed::SealedFile,
    unlocked::Unlocked,
    watch::WatchFile,
};
