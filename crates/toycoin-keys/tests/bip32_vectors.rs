//! The public vectors of BIP-32, 1 to 4, for the crate that our derivation stands on; and what is refused as the key of
//! an account.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

use bip32::{ChildNumber, ExtendedKey, ExtendedKeyAttrs, Prefix, XPrv, XPub};
use toycoin_core::hex;
use toycoin_keys::{AccountKey, AccountKeyError};

/// Each vector: its seed, and for each path the private key there and its public key.
const VECTORS: &str = "
vector 1
seed 000102030405060708090a0b0c0d0e0f
path m
xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi
xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8
path m/0'
xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rGL5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7
xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw
path m/0'/1
xprv9wTYmMFdV23N2TdNG573QoEsfRrWKQgWeibmLntzniatZvR9BmLnvSxqu53Kw1UmYPxLgboyZQaXwTCg8MSY3H2EU4pWcQDnRnrVA1xe8fs
xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ
path m/0'/1/2'
xprv9z4pot5VBttmtdRTWfWQmoH1taj2axGVzFqSb8C9xaxKymcFzXBDptWmT7FwuEzG3ryjH4ktypQSAewRiNMjANTtpgP4mLTj34bhnZX7UiM
xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5
path m/0'/1/2'/2
xprvA2JDeKCSNNZky6uBCviVfJSKyQ1mDYahRjijr5idH2WwLsEd4Hsb2Tyh8RfQMuPh7f7RtyzTtdrbdqqsunu5Mm3wDvUAKRHSC34sJ7in334
xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV
path m/0'/1/2'/2/1000000000
xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76
xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy
vector 2
seed fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a2
seed 9f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542
path m
xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U
xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB
path m/0
xprv9vHkqa6EV4sPZHYqZznhT2NPtPCjKuDKGY38FBWLvgaDx45zo9WQRUT3dKYnjwih2yJD9mkrocEZXo1ex8G81dwSM1fwqWpWkeS3v86pgKt
xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH
path m/0/2147483647'
xprv9wSp6B7kry3Vj9m1zSnLvN3xH8RdsPP1Mh7fAaR7aRLcQMKTR2vidYEeEg2mUCTAwCd6vnxVrcjfy2kRgVsFawNzmjuHc2YmYRmagcEPdU9
xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a
path m/0/2147483647'/1
xprv9zFnWC6h2cLgpmSA46vutJzBcfJ8yaJGg8cX1e5StJh45BBciYTRXSd25UEPVuesF9yog62tGAQtHjXajPPdbRCHuWS6T8XA2ECKADdw4Ef
xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon
path m/0/2147483647'/1/2147483646'
xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc
xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL
path m/0/2147483647'/1/2147483646'/2
xprvA2nrNbFZABcdryreWet9Ea4LvTJcGsqrMzxHx98MMrotbir7yrKCEXw7nadnHM8Dq38EGfSh6dqA9QWTyefMLEcBYJUuekgW4BYPJcr9E7j
xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt
vector 3
seed 4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4ac
seed ba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be
path m
xprv9s21ZrQH143K25QhxbucbDDuQ4naNntJRi4KUfWT7xo4EKsHt2QJDu7KXp1A3u7Bi1j8ph3EGsZ9Xvz9dGuVrtHHs7pXeTzjuxBrCmmhgC6
xpub661MyMwAqRbcEZVB4dScxMAdx6d4nFc9nvyvH3v4gJL378CSRZiYmhRoP7mBy6gSPSCYk6SzXPTf3ND1cZAceL7SfJ1Z3GC8vBgp2epUt13
path m/0'
xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L
xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y
vector 4
seed 3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678
path m
xprv9s21ZrQH143K48vGoLGRPxgo2JNkJ3J3fqkirQC2zVdk5Dgd5w14S7fRDyHH4dWNHUgkvsvNDCkvAwcSHNAQwhwgNMgZhLtQC63zxwhQmRv
xpub661MyMwAqRbcGczjuMoRm6dXaLDEhW1u34gKenbeYqAix21mdUKJyuyu5F1rzYGVxyL6tmgBUAEPrEz92mBXjByMRiJdba9wpnN37RLLAXa
path m/0'
xprv9vB7xEWwNp9kh1wQRfCCQMnZUEG21LpbR9NPCNN1dwhiZkjjeGRnaALmPXCX7SgjFTiCTT6bXes17boXtjq3xLpcDjzEuGLQBM5ohqkao9G
xpub69AUMk3qDBi3uW1sXgjCmVjJ2G6WQoYSnNHyzkmdCHEhSZ4tBok37xfFEqHd2AddP56Tqp4o56AePAgCjYdvpW2PU2jbUPFKsav5ut6Ch1m
path m/0'/1'
xprv9xJocDuwtYCMNAo3Zw76WENQeAS6WGXQ55RCy7tDJ8oALr4FWkuVoHJeHVAcAqiZLE7Je3vZJHxspZdFHfnBEjHqU5hG1Jaj32dVoS6XLT1
xpub6BJA1jSqiukeaesWfxe6sNK9CCGaujFFSJLomWHprUL9DePQ4JDkM5d88n49sMGJxrhpjazuXYWdMf17C9T5XnxkopaeS7jGk1GyyVziaMt
";

/// A path from the seed, the private key there, and its public key.
type Step = (String, String, String);

/// Reads [`VECTORS`] to pairs of a seed and its steps.
fn vectors() -> Vec<(Vec<u8>, Vec<Step>)> {
    let mut vectors: Vec<(Vec<u8>, Vec<Step>)> = Vec::new();
    let mut lines = VECTORS.lines();
    while let Some(line) = lines.next() {
        match line.split_once(' ') {
            Some(("vector", _)) => vectors.push((Vec::new(), Vec::new())),
            Some(("seed", digits)) => {
                let bytes = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
                let seed = &mut vectors.last_mut().unwrap().0;
                seed.extend(bytes.map(|pair| hex::decode::<1>(pair).unwrap()[0]));
            }
            Some(("path", path)) => {
                let mut key = || lines.next().unwrap().to_owned();
                let step = (path.to_owned(), key(), key());
                vectors.last_mut().unwrap().1.push(step);
            }
            _ => assert_eq!(line, ""),
        }
    }
    vectors
}

#[test]
fn private_and_public_derivation_are_those_of_bip_32() {
    let (mut privately, mut publicly) = (0, 0);
    for (seed, steps) in vectors() {
        for (path, private, public) in &steps {
            let numbers = path.split('/').skip(1).map(|step| step.parse::<ChildNumber>().unwrap());
            let key = numbers.fold(XPrv::new(&seed).unwrap(), |key, step| key.derive_child(step).unwrap());
            assert_eq!(key.to_extended_key(Prefix::XPRV).to_string(), *private, "{path}");
            assert_eq!(key.public_key().to_extended_key(Prefix::XPUB).to_string(), *public, "{path}");
            privately += 1;
            // where the last step is not hardened, the public key of the parent leads there, too
            let Some((parent, step)) = path.rsplit_once('/').filter(|_| !path.ends_with('\'')) else { continue };
            let (_, _, above) = steps.iter().find(|(path, _, _)| path == parent).unwrap();
            let child = above.parse::<XPub>().unwrap().derive_child(step.parse().unwrap()).unwrap();
            assert_eq!(child.to_extended_key(Prefix::XPUB).to_string(), *public, "{path}");
            publicly += 1;
        }
    }
    assert_eq!((privately, publicly), (17, 6));
}

#[test]
fn what_is_no_account_key_is_refused() {
    for text in ["", "xpub", &"1".repeat(10_000), "xpub\u{e9}"] {
        assert_eq!(text.parse::<AccountKey>(), Err(AccountKeyError::Malformed), "{text}");
    }
    for (_, steps) in vectors() {
        for (path, private, public) in &steps {
            assert_eq!(private.parse::<AccountKey>(), Err(AccountKeyError::Private));
            let depth = u8::try_from(path.matches('/').count()).unwrap();
            // a key does not tell its path, but for the depth and the last step: this one could be an account's
            let is_like_one = path == "m/0'/1/2'";
            let expected = if is_like_one { Ok(2) } else { Err(AccountKeyError::NotAnAccount { depth }) };
            assert_eq!(public.parse::<AccountKey>().map(|key| key.account()), expected, "{path}");
            let mut wrong = public.clone();
            wrong.replace_range(50..51, if &public[50..51] == "a" { "b" } else { "a" });
            assert_eq!(wrong.parse::<AccountKey>(), Err(AccountKeyError::Malformed));
        }
    }
}

/// Returns the text of an extended key with these parts.
fn extended(prefix: Prefix, depth: u8, child: u32, key_bytes: [u8; 33]) -> String {
    let child_number = ChildNumber(child);
    let attrs = ExtendedKeyAttrs { depth, parent_fingerprint: [1; 4], child_number, chain_code: [2; 32] };
    ExtendedKey { prefix, attrs, key_bytes }.to_string()
}

#[test]
fn the_parts_of_an_account_key_are_checked() {
    // the generator of secp256k1
    let x: [u8; 32] = hex::decode("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap();
    let mut point = [2; 33];
    point[1..].copy_from_slice(&x);
    let hardened = 1 << 31;
    let account: AccountKey = extended(Prefix::XPUB, 3, hardened | 5, point).parse().unwrap();
    assert_eq!(account.account(), 5);
    // other wallets write the same key so
    assert_eq!(extended(Prefix::TPUB, 3, hardened | 5, point).parse(), Ok(account));
    let mut uncompressed = point;
    uncompressed[0] = 4;
    for (text, expected) in [
        (extended(Prefix::XPUB, 3, 5, point), AccountKeyError::NotAnAccount { depth: 3 }),
        (extended(Prefix::XPUB, 4, hardened, point), AccountKeyError::NotAnAccount { depth: 4 }),
        (extended(Prefix::ZPUB, 3, hardened, point), AccountKeyError::Prefix),
        (extended(Prefix::TPRV, 3, hardened, point), AccountKeyError::Private),
        (extended(Prefix::XPUB, 3, hardened, [0; 33]), AccountKeyError::NoPoint),
        (extended(Prefix::XPUB, 3, hardened, uncompressed), AccountKeyError::NoPoint),
    ] {
        assert_eq!(text.parse::<AccountKey>().unwrap_err(), expected, "{text}");
    }
}
