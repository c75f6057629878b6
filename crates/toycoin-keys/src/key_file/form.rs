//! The JSON of a key file: which fields there are, in which order, and how each is written.
//!
//! The order of the fields below is the order in a file. The seal authenticates this object without `sealed` and
//! `next`, written without white space. It is made from what was read, not from the bytes in the file, so white space
//! and the order of the fields may differ there.

use serde::{Deserialize, Serialize};
use toycoin_core::hex::{self, Hex};

use super::{
    error::KeyFileError,
    header::Header,
    kdf::{Kdf, KdfCost},
};
use crate::{account_key::AccountKey, next_places::NextPlaces};

/// Version of the format.
const VERSION: u64 = 1;

/// Name of the key derivation function.
const KDF: &str = "argon2id";

/// Name of the cipher.
const CIPHER: &str = "xchacha20poly1305";

/// All fields of a key file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    toycoin_wallet: u64,
    network: String,
    birthday: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    kdf: Option<KdfForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cipher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_xpub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<NextForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KdfForm {
    name: String,
    m_kib: u32,
    t: u32,
    p: u32,
    salt: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NextForm {
    receive: u32,
    change: u32,
}

/// The version, read before the fields of a later version are found unknown.
#[derive(Deserialize)]
struct VersionForm {
    toycoin_wallet: u64,
}

/// The fields of a sealed file.
#[derive(Clone)]
pub(super) struct Seal {
    pub(super) kdf: Kdf,
    pub(super) nonce: [u8; 24],
    pub(super) sealed: Vec<u8>,
}

/// What a file consists of.
pub(super) struct Parts {
    pub(super) header: Header,
    pub(super) seal: Option<Seal>,
    pub(super) account: Option<AccountKey>,
}

/// Bytes of a seal: 16 or 32 bytes of entropy, with a private account key's 78 bytes or without, and the tag.
const SEAL_SIZES: [usize; 4] = [32, 48, 110, 126];

impl Form {
    /// Writes the fields of a file without a seal.
    pub(super) fn new(header: &Header, account: Option<&AccountKey>) -> Self {
        let NextPlaces { receive, change } = header.next;
        Self {
            toycoin_wallet: VERSION,
            network: header.network.clone(),
            birthday: header.birthday,
            kdf: None,
            cipher: None,
            nonce: None,
            sealed: None,
            account_xpub: account.map(ToString::to_string),
            next: Some(NextForm { receive, change }),
        }
    }

    /// Adds how the file is sealed.
    pub(super) fn with_kdf(self, kdf: &Kdf, nonce: &[u8; 24]) -> Self {
        let (cost, salt) = (kdf.cost, Hex(&kdf.salt).to_string());
        let kdf = KdfForm { name: KDF.into(), m_kib: cost.m_kib(), t: cost.t(), p: cost.p(), salt };
        Self { kdf: Some(kdf), cipher: Some(CIPHER.into()), nonce: Some(Hex(nonce).to_string()), ..self }
    }

    /// Adds the seal.
    pub(super) fn with_sealed(self, sealed: &[u8]) -> Self {
        Self { sealed: Some(Hex(sealed).to_string()), ..self }
    }

    /// Returns the bytes that the seal authenticates: the object without `sealed` and `next`.
    pub(super) fn associated(self) -> String {
        Self { sealed: None, next: None, ..self }.to_json()
    }

    /// Returns the object, without white space.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers alone")
    }

    /// Parses a file. Each number is checked against its bound, and nothing is derived.
    pub(super) fn read(text: &str) -> Result<Parts, KeyFileError> {
        let VersionForm { toycoin_wallet } = parse(text)?;
        if toycoin_wallet != VERSION {
            return Err(KeyFileError::Version(toycoin_wallet));
        }
        let form: Self = parse(text)?;
        let next =
            form.next.map_or_else(NextPlaces::default, |NextForm { receive, change }| NextPlaces { receive, change });
        let header = Header::new(form.network, form.birthday, next)?;
        let seal = match (form.kdf, form.cipher, form.nonce, form.sealed) {
            (Some(kdf), Some(cipher), Some(nonce), Some(sealed)) => Some(Seal::read(&kdf, &cipher, &nonce, &sealed)?),
            (None, None, None, None) => None,
            _ => return Err(KeyFileError::Parts),
        };
        let account = form.account_xpub.map(|text| text.parse::<AccountKey>()).transpose()?;
        Ok(Parts { header, seal, account })
    }
}

impl Seal {
    fn read(kdf: &KdfForm, cipher: &str, nonce: &str, sealed: &str) -> Result<Self, KeyFileError> {
        let field = |field, wanted| KeyFileError::Field { field, wanted };
        if kdf.name != KDF {
            return Err(field("kdf.name", "to be argon2id"));
        }
        if cipher != CIPHER {
            return Err(field("cipher", "to be xchacha20poly1305"));
        }
        let cost = KdfCost::new(kdf.m_kib, kdf.t, kdf.p)?;
        let salt = fixed(&kdf.salt).ok_or(field("kdf.salt", "to be 32 hex digits in lower case"))?;
        let nonce = fixed(nonce).ok_or(field("nonce", "to be 48 hex digits in lower case"))?;
        let wanted = "to be 64, 96, 220 or 252 hex digits in lower case";
        if !SEAL_SIZES.contains(&(sealed.len() / 2)) {
            return Err(field("sealed", wanted));
        }
        let (pairs, rest) = sealed.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| std::str::from_utf8(pair).ok().and_then(fixed::<1>).map(|[byte]| byte);
        let sealed: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        let sealed = sealed.filter(|_| rest.is_empty()).ok_or(field("sealed", wanted))?;
        Ok(Self { kdf: Kdf { cost, salt }, nonce, sealed })
    }
}

/// Parses `N` bytes of hex in lower case: bytes have one text.
fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    hex::decode(text).filter(|_| is_lower)
}

/// Parses an object. The parser's own message could repeat a part of the file, so only the position is told.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, KeyFileError> {
    serde_json::from_str(text).map_err(|error| KeyFileError::Malformed { line: error.line(), column: error.column() })
}
