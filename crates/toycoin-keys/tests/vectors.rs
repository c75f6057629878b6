//! Freezes derivation, files and signed texts in docs/vectors/keys.json.
//!
//! The file is made again and compared. `TOYCOIN_UPDATE_VECTORS=1` rewrites it instead: its diff means that wallets on
//! paper and on disks are no longer read. tests/interop/keys checks the same file with other libraries.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use std::{env, fs};

use serde_json::{Value, json};
use toycoin_core::{
    SecretKey,
    hex::{self, Hex},
};
use toycoin_keys::{
    Branch, ExtraWord, KdfCost, KeyFile, NewFile, NextPlaces, Passphrase, Place, SealSeed, SpendingAccount, Words,
    message_hash, sign_message, verify_message,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/keys.json");

#[test]
fn keys_files_and_texts_are_as_frozen() {
    let found = json!({
        "about": "toycoin's wallets, docs/wallet-format.md; bytes are hex in their order, owners of places 0 to 19",
        "wallets": wallets(),
        "files": files(),
        "messages": messages(),
    });
    if env::var_os("TOYCOIN_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        fs::write(FILE, text).expect("docs/vectors can be written");
        return;
    }
    let text = fs::read_to_string(FILE).expect("docs/vectors/keys.json");
    let frozen: Value = serde_json::from_str(&text).unwrap();
    for part in ["about", "wallets", "files", "messages"] {
        assert_eq!(frozen[part], found[part], "{part}");
    }
    assert_eq!(frozen, found);
}

/// What a wallet is made of.
#[derive(Clone, Copy)]
struct Wallet {
    entropy: &'static str,
    extra_word: &'static str,
    account: u32,
}

/// Each wallet. One has an extra word with letters that NFKD takes apart.
const WALLETS: [Wallet; 4] = [
    Wallet { entropy: "00000000000000000000000000000000", extra_word: "", account: 0 },
    Wallet { entropy: "9e885d952ad362caeb4efe34a8e91bd2", extra_word: "", account: 1 },
    Wallet { entropy: "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f", extra_word: "", account: 0 },
    Wallet {
        entropy: "0c1e24e5917779d297e14d45f14e1a1a0c1e24e5917779d297e14d45f14e1a1a",
        extra_word: "caf\u{e9} \u{fb01}n",
        account: 2_147_483_647,
    },
];

fn words(entropy: &str) -> Words {
    let short = hex::decode::<16>(entropy).map(|bytes| bytes.to_vec());
    let bytes = short.or_else(|| hex::decode::<32>(entropy).map(|bytes| bytes.to_vec())).unwrap();
    Words::from_entropy(&bytes).unwrap()
}

fn text(words: &Words) -> String {
    words.iter().collect::<Vec<_>>().join(" ")
}

fn wallets() -> Value {
    let of = |Wallet { entropy, extra_word, account: number }| {
        let words = words(entropy);
        let seed = words.seed(&ExtraWord::new(extra_word).unwrap());
        let account = SpendingAccount::derive(&seed, number).unwrap();
        let owners = |branch| -> Value {
            (0..20).map(|index| json!(account.owner(Place::new(branch, index).unwrap()).unwrap())).collect()
        };
        let first = account.secret_key(Place::new(Branch::Receive, 0).unwrap()).unwrap();
        json!({
            "entropy": entropy, "words": text(&words), "extra_word": extra_word,
            "seed": Hex(seed.as_bytes()).to_string(), "account": number, "account_xpub": account.key().to_string(),
            "receive": owners(Branch::Receive), "change": owners(Branch::Change),
            "first_secret": Hex(&first.to_bytes()).to_string(),
        })
    };
    WALLETS.into_iter().map(of).collect()
}

fn files() -> Value {
    let cheap = KdfCost::new(64, 2, 2).unwrap();
    let file = |network: &str| NewFile::new(network).unwrap().next(NextPlaces { receive: 3, change: 1 });
    json!([
        sealed("the default cost", 0, WALLETS[0], "correct horse battery staple", file("lab")),
        sealed(
            "another cost, with an extra word",
            1,
            WALLETS[3],
            "caf\u{e9}",
            file("my-school-7").birthday(12_345).cost(cheap),
        ),
        sealed("private", 2, WALLETS[1], "p", file("regtest").private(true).cost(cheap)),
        sealed("private, 24 words", 3, WALLETS[2], "p", file("reference").private(true).cost(cheap)),
    ])
}

/// Seals a wallet with bytes that count up from 40 times `number`, and opens it again.
fn sealed(about: &str, number: u8, wallet: Wallet, passphrase: &str, file: NewFile) -> Value {
    let Wallet { entropy, extra_word, account } = wallet;
    let (words, extra) = (words(entropy), ExtraWord::new(extra_word).unwrap());
    let open = Passphrase::new(passphrase).unwrap();
    let seed = SealSeed::new(std::array::from_fn(|place| u8::try_from(place).unwrap() + 40 * number));
    let mut bytes = Vec::new();
    file.account(account).seal(&words, &extra, &open, seed).unwrap().write_to(&mut bytes).unwrap();
    let KeyFile::Sealed(back) = KeyFile::read(&bytes).unwrap() else { panic!("a sealed file") };
    let unlocked = back.unlock(&open, &extra).unwrap();
    json!({
        "about": about, "passphrase": passphrase, "extra_word": extra_word, "entropy": entropy,
        "account_xpub": unlocked.account_key().to_string(), "file": String::from_utf8(bytes).unwrap(),
    })
}

fn messages() -> Value {
    let of = |(index, text): (u32, &str)| {
        let key = SecretKey::classroom(index);
        let signature = sign_message(&key, text);
        assert!(verify_message(&key.public_key(), text, &signature));
        json!({
            "text": text, "hash": Hex(&message_hash(text)).to_string(), "secret": Hex(&key.to_bytes()).to_string(),
            "owner": key.public_key(), "signature": signature,
        })
    };
    let long = "a text of many blocks. ".repeat(100);
    (0..).zip(["", "I pay the rent on Friday", "caf\u{e9}", &long]).map(of).collect()
}

/// What the fuzzer begins with. `TOYCOIN_UPDATE_SEEDS=1` writes the files.
#[test]
fn seeds_of_the_fuzzer_are_the_frozen_files() {
    let frozen = files();
    let text = |index: usize| frozen[index]["file"].as_str().unwrap().to_owned();
    let KeyFile::Sealed(sealed) = KeyFile::read(text(0).as_bytes()).unwrap() else { panic!("a sealed file") };
    let mut watch = Vec::new();
    let file = NewFile::new("lab").unwrap().next(sealed.next());
    file.watch(sealed.account_key().unwrap().clone()).write_to(&mut watch).unwrap();
    let single = format!("{}\n", Hex(&SecretKey::classroom(0).to_bytes()));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/key_file");
    for (name, seed) in [
        ("default_cost", text(0)),
        ("extra_word", text(1)),
        ("private", text(2)),
        ("private_24", text(3)),
        ("watch", String::from_utf8(watch).unwrap()),
        ("single", single),
    ] {
        let path = folder.join(name);
        if env::var_os("TOYCOIN_UPDATE_SEEDS").is_some_and(|value| value == "1") {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &seed).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), seed, "{name}");
    }
}
