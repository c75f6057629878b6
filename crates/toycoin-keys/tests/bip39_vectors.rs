//! Public vectors of BIP-39 (English, extra word "TREZOR") and of BIP-86.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use toycoin_core::hex::{self, Hex};
use toycoin_keys::{AccountKey, Branch, ExtraWord, Place, Words};

/// Entropy, words, seed.
const VECTORS: [(&str, &str, &str); 8] = [
    (
        "00000000000000000000000000000000",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
        "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553\
         1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
    ),
    (
        "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
        "legal winner thank year wave sausage worth useful legal winner thank yellow",
        "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6f\
         a457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607",
    ),
    (
        "80808080808080808080808080808080",
        "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
        "d71de856f81a8acc65e6fc851a38d4d7ec216fd0796d0a6827a3ad6ed5511a30\
         fa280f12eb2e47ed2ac03b5c462a0358d18d69fe4f985ec81778c1b370b652a8",
    ),
    (
        "ffffffffffffffffffffffffffffffff",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
        "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13\
         332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069",
    ),
    (
        "9e885d952ad362caeb4efe34a8e91bd2",
        "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
        "274ddc525802f7c828d8ef7ddbcdc5304e87ac3535913611fbbfa986d0c9e547\
         6c91689f9c8a54fd55bd38606aa6a8595ad213d4c9c9f9aca3fb217069a41028",
    ),
    (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
         abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art",
        "bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd30971\
         70af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8",
    ),
    (
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
        "dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e16\
         13912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad",
    ),
    (
        "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
        "void come effort suffer camp survey warrior heavy shoot primary clutch crush \
         open amazing screen patrol group space point ten exist slush involve unfold",
        "01f5bced59dec48e362f2c45b5de68b9fd6c92c6634f44d6d40aab69056506f0\
         e35524a518034ddc1192e1dacd32c1ed3eaa3c3b131c88ed8e7e54c49a5d0998",
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    match hex.len() {
        32 => hex::decode::<16>(hex).unwrap().to_vec(),
        _ => hex::decode::<32>(hex).unwrap().to_vec(),
    }
}

#[test]
fn entropy_words_and_seeds_are_those_of_bip_39() {
    let extra = ExtraWord::new("TREZOR").unwrap();
    for (entropy, text, seed) in VECTORS {
        let words = Words::from_entropy(&bytes(entropy)).unwrap();
        assert_eq!(words.iter().collect::<Vec<_>>().join(" "), text);
        let words: Words = text.parse().unwrap();
        assert_eq!(Hex(words.entropy().as_bytes()).to_string(), entropy);
        assert_eq!(Hex(words.seed(&extra).as_bytes()).to_string(), seed);
    }
}

#[test]
fn owners_are_the_internal_keys_of_bip_86() {
    // the account m/86'/0'/0' of "abandon .. about" without an extra word
    let account: AccountKey = "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCE\
        CoY49yfdDEHGCtMMj92pReUsQ"
        .parse()
        .unwrap();
    for (branch, index, owner) in [
        (Branch::Receive, 0, "cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115"),
        (Branch::Receive, 1, "83dfe85a3151d2517290da461fe2815591ef69f2b18a2ce63f01697a8b313145"),
        (Branch::Change, 0, "399f1b2f4393f29a18c937859c5dd8a77350103157eb880f02e8c08214277cef"),
    ] {
        assert_eq!(account.owner(Place::new(branch, index).unwrap()).unwrap().to_string(), owner);
    }
}
