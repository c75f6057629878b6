//! The file beside the key that keeps what a light wallet found, so that the next run goes on from there.
//!
//! ```text
//!   "toycoin-light 2\n" | owners, birthday | Saved | kept block, ..    each as: length u32 LE, then the codec's bytes
//!   BLAKE3 of all that, 32 bytes
//! ```
//!
//! It holds nothing secret, but it says which payments are the wallet's, so that only its user may read it. Files of
//! version 1 had one owner; they are not read, and what they kept is searched again.

use std::{
    collections::BTreeSet,
    error::Error,
    fs::File,
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use toycoin_core::{Block, PublicKey};
use toycoin_node::light::Saved;
use toycoin_wire::codec;

use crate::whole_file::WholeFile;

/// The first bytes of the file.
const MAGIC: &[u8] = b"toycoin-light 2\n";
/// Length of the hash at the end, in bytes.
const HASH: usize = 32;
/// Most bytes of a part: a million coins that were spent.
const MOST_PART: usize = 64 << 20;
/// Most owners of a light wallet, each of which is searched for in each block.
pub const MAX_OWNERS: usize = 65_536;
/// Most bytes of a file that is read: a wallet with a million payments.
const MOST: u64 = 1 << 30;

/// What a light wallet keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The owners of the coins: at least one, and at most [`MAX_OWNERS`].
    pub owners: BTreeSet<PublicKey>,
    /// The height from which on blocks were searched.
    pub birthday: u64,
    /// The state of the light client.
    pub saved: Saved,
    /// What is [kept](super::kept::kept) of the blocks that concern the wallet, the lowest first.
    pub blocks: Vec<Block>,
}

/// Returns where the state of a key is: beside its file.
pub fn beside(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".light");
    name.into()
}

/// Reads a state; `None` if there is no file.
///
/// # Errors
/// If the file cannot be read, or does not hold a state. The error says what is wrong with it.
pub fn read(path: &Path) -> Result<Option<State>, String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| format!("{} cannot be read: {error}", path.display()))?,
    };
    let mut bytes = Vec::new();
    let read = file.take(MOST).read_to_end(&mut bytes);
    read.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    decode(&bytes).map(Some).ok_or_else(|| format!("{} is broken", path.display()))
}

/// Writes a state, in place of the one that is there. The file is whole at every moment.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, state: &State) -> Result<(), Box<dyn Error>> {
    let bytes = encode(state)?;
    let file = WholeFile::private(path)?;
    file.file().write_all(&bytes)?;
    Ok(file.replace()?)
}

fn encode(state: &State) -> Result<Vec<u8>, Box<dyn Error>> {
    let State { owners, birthday, saved, blocks } = state;
    if !(1..=MAX_OWNERS).contains(&owners.len()) {
        return Err(format!("a light wallet has from 1 to {MAX_OWNERS} owners, not {}", owners.len()).into());
    }
    let mut bytes = MAGIC.to_vec();
    let head = codec::encode(&(owners, birthday), MOST_PART)?;
    let saved = codec::encode(saved, MOST_PART)?;
    let blocks = blocks.iter().map(|block| codec::encode(block, MOST_PART));
    for part in [Ok(head), Ok(saved)].into_iter().chain(blocks) {
        let part = part?;
        bytes.extend(u32::try_from(part.len())?.to_le_bytes());
        bytes.extend(part);
    }
    let hash = blake3::hash(&bytes);
    bytes.extend(hash.as_bytes());
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<State> {
    let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    if blake3::hash(content).as_bytes() != hash {
        return None;
    }
    let mut rest = content.strip_prefix(MAGIC)?;
    let (owners, birthday): (BTreeSet<PublicKey>, u64) = codec::decode(part(&mut rest)?, MOST_PART).ok()?;
    if !(1..=MAX_OWNERS).contains(&owners.len()) {
        return None;
    }
    let saved = codec::decode(part(&mut rest)?, MOST_PART).ok()?;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        blocks.push(codec::decode(part(&mut rest)?, MOST_PART).ok()?);
    }
    Some(State { owners, birthday, saved, blocks })
}

/// Takes the next part.
fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (part, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    Some(part)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use toycoin_core::{ChainParams, SecretKey, Work};
    use toycoin_light::machine::{Coins, Saved};

    use super::*;

    fn state() -> State {
        let params = ChainParams::regtest();
        let genesis = params.genesis().clone();
        let saved = Saved {
            genesis: params.genesis_hash(),
            headers: vec![genesis.header],
            before: Work::ZERO,
            searched: 0,
            coins: Coins::default(),
        };
        let owners = [3, 5, 0].map(|index| SecretKey::classroom(index).public_key()).into();
        State { owners, birthday: 7, saved, blocks: vec![genesis; 2] }
    }

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let state = state();
        let bytes = encode(&state).unwrap();
        assert_eq!(decode(&bytes), Some(state));
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 1;
            assert_eq!(decode(&broken), None, "byte {at}");
            assert_eq!(decode(&bytes[..at]), None, "{at} bytes");
        }
    }

    #[test]
    fn number_of_owners_is_bounded() {
        let mut state = state();
        let owner = |number: u32| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            PublicKey::from_bytes(bytes)
        };
        let fill = |number: u32| (0..number).map(owner);
        state.owners = fill(65_536).collect();
        let bytes = encode(&state).unwrap();
        assert_eq!(decode(&bytes), Some(state.clone()));
        for number in [0, 65_537] {
            state.owners = fill(number).collect();
            let error = encode(&state).unwrap_err().to_string();
            assert_eq!(error, format!("a light wallet has from 1 to 65536 owners, not {number}"));
        }
    }

    #[test]
    fn file_of_version_1_is_not_read() {
        let mut bytes = encode(&state()).unwrap();
        let end = bytes.len() - HASH;
        bytes.truncate(end);
        bytes[14] = b'1';
        let hash = blake3::hash(&bytes);
        bytes.extend(hash.as_bytes());
        assert_eq!(decode(&bytes), None);
    }

    #[test]
    fn replaces_the_file_and_says_that_it_is_broken() {
        let folder = std::env::temp_dir().join(format!("toycoin-light-state-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = beside(&folder.join("key"));
        assert!(path.ends_with("key.light"));
        assert_eq!(read(&path), Ok(None));
        let mut state = state();
        for birthday in [1, 2] {
            state.birthday = birthday;
            write(&path, &state).unwrap();
            assert_eq!(read(&path).unwrap().as_ref(), Some(&state));
        }
        fs::write(&path, "toycoin-light 2\n and not more").unwrap();
        assert!(read(&path).unwrap_err().ends_with("key.light is broken"));
        fs::remove_dir_all(folder).unwrap();
    }
}
