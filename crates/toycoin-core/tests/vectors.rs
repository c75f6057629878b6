//! Freezes every hash and encoding of consensus in docs/vectors/core.json.
//!
//! The file is regenerated and compared. `TOYCOIN_UPDATE_VECTORS=1` rewrites it instead: its diff is to be read as a
//! change of the protocol, for that is what it is.

use std::{env, fs};

use serde_json::{Map, Value, json};
use toycoin_core::{
    Address, AddressPrefix, Amount, Block, BlockHash, ChainParams, Coinbase, CompactTarget, Domain, Header,
    InclusionProof, MerkleRoot, OutPoint, PublicKey, StateRoot, Target, Transaction, TxOut, Txid, Work, Wtxid, asert,
    compact::ShortIds,
    consensus::HeaderContext,
    hex::Hex,
    merkle_root,
    proof::Opening,
    sighash,
    snapshot::{CoinBytes, Manifest, chunk_hash},
    state::{AncestorProof, Ancestors, ChainState, LtHash},
    subsidy,
    test_util::{TestLedger, classroom},
    utxo::Coin,
    verify,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/core.json");

#[test]
fn hashes_and_encodings_are_as_frozen() {
    let found = json!({
        "about": "toycoin consensus version 1, docs/consensus.md; bytes are hex in their order, money is in grains",
        "domains": domains(),
        "keys": keys(),
        "addresses": addresses(),
        "transactions": transactions(),
        "coinbases": coinbases(),
        "merkle": merkle(),
        "headers": headers(),
        "coins": coins(),
        "ancestors": ancestors(),
        "states": states(),
        "compact": compact(),
        "targets": targets(),
        "asert": asert_results(),
        "expected_bits": expected_bits(),
        "subsidies": subsidies(),
        "genesis": genesis(),
        "chain": chain(),
        "short_ids": short_ids(),
        "snapshots": snapshots(),
    });
    if env::var_os("TOYCOIN_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        fs::write(FILE, text).expect("docs/vectors can be written");
        return;
    }
    let text = fs::read_to_string(FILE).expect("docs/vectors/core.json");
    let frozen: Value = serde_json::from_str(&text).unwrap();
    let mut differences = Vec::new();
    compare("", &frozen, &found, &mut differences);
    assert!(differences.is_empty(), "not as frozen:\n{}", differences.join("\n"));
}

/// Collects the places in which two values differ.
fn compare(place: &str, frozen: &Value, found: &Value, differences: &mut Vec<String>) {
    match (frozen, found) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for name in names {
                let at = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                compare(&format!("{place}/{name}"), &at(one), &at(other), differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{place}/{index}"), one, other, differences);
            }
        }
        _ if frozen == found => {}
        _ => differences.push(format!("{place}: frozen {frozen}, found {found}")),
    }
}

fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

/// Returns 32 bytes that are easy to write down.
fn bytes(fill: u8) -> [u8; 32] {
    [fill; 32]
}

fn grains(grains: u64) -> Amount {
    Amount::from_grains(grains)
}

fn domains() -> Value {
    let of = |domain: Domain| {
        let key = blake3::hash(format!("toycoin/1 {}", domain.name()).as_bytes());
        let abc = domain.hasher().bytes(b"abc").finish();
        assert_eq!(abc, *blake3::keyed_hash(key.as_bytes(), b"abc").as_bytes());
        json!({ "name": domain.name(), "key": hex(key.as_bytes()), "hash_of_abc": hex(&abc) })
    };
    Domain::ALL.into_iter().map(of).collect()
}

fn keys() -> Value {
    let message = bytes(0x5a);
    let of = |index| {
        let (key, owner) = (classroom::key(index), classroom::owner(index));
        let signature = key.sign(&message);
        assert!(verify(&owner, &message, &signature));
        json!({
            "classroom": index, "secret": hex(&key.to_bytes()), "public": owner,
            "message": hex(&message), "auxiliary": hex(&bytes(0)), "signature": signature,
        })
    };
    (0..4).map(of).collect()
}

fn addresses() -> Value {
    let owners = [classroom::owner(0), classroom::owner(3), PublicKey::ZERO, PublicKey::from_bytes(bytes(0xff))];
    let prefixes = [AddressPrefix::REFERENCE, AddressPrefix::LAB, AddressPrefix::REGTEST];
    let of = |owner, prefix| json!({ "owner": owner, "address": Address::new(prefix, owner).to_string() });
    owners.into_iter().flat_map(|owner| prefixes.map(|prefix| of(owner, prefix))).collect()
}

fn transactions() -> Value {
    let genesis = ChainParams::lab().genesis_hash();
    let outpoint = |fill, vout| OutPoint { txid: Txid::from_bytes(bytes(fill)), vout };
    let output = |value, owner| TxOut { value: grains(value), owner: classroom::owner(owner) };
    let cases = [
        (vec![outpoint(1, 0)], vec![output(5, 0)], vec![output(4, 1)]),
        (vec![outpoint(1, 0), outpoint(2, u32::MAX)], vec![output(1_000, 0), output(1, 2)], vec![output(900, 3)]),
        (
            vec![outpoint(3, 7)],
            vec![output(Amount::MAX_MONEY.grains(), 1)],
            vec![output(1, 0), output(2, 1), output(3, 2)],
        ),
    ];
    let of = |(inputs, spent, outputs): (Vec<OutPoint>, Vec<TxOut>, Vec<TxOut>)| {
        let mut transaction = Transaction { version: 1, inputs, outputs, signatures: Vec::new() };
        classroom::sign(&mut transaction, genesis, &spent);
        let txid = transaction.txid();
        json!({
            "transaction": transaction, "txid": txid, "wtxid": transaction.wtxid(), "size": transaction.size(),
            "genesis": genesis, "spent": spent, "sighash": sighash(genesis, txid, spent.iter().copied()).to_string(),
        })
    };
    cases.into_iter().map(of).collect()
}

fn coinbases() -> Value {
    let output = TxOut { value: grains(5_000_000_000), owner: classroom::owner(0) };
    let cases = [(0, "", vec![]), (1, "a miner", vec![output]), (1 << 40, "two", vec![output, output])];
    let of = |(height, text, outputs): (u64, &str, Vec<TxOut>)| {
        let coinbase = Coinbase { height, extra: text.as_bytes().to_vec(), outputs };
        json!({ "coinbase": coinbase, "txid": coinbase.txid(), "size": coinbase.size() })
    };
    cases.into_iter().map(of).collect()
}

/// Leaf i has 32 bytes i as txid, and as wtxid 32 bytes 255 - i.
fn merkle() -> Value {
    let leaves: Vec<_> = (0..9).map(|i| (Txid::from_bytes(bytes(i)), Wtxid::from_bytes(bytes(255 - i)))).collect();
    let of = |n: usize| {
        let leaves = &leaves[..n];
        let root = merkle_root(leaves.iter().copied());
        let proof = |(index, (txid, wtxid)): (u32, &(Txid, Wtxid))| {
            let proof = InclusionProof::build(leaves, index).expect("a leaf");
            assert!(proof.verify(root, *txid, *wtxid));
            proof.siblings.iter().map(|sibling| hex(sibling)).collect::<Vec<_>>()
        };
        let proofs: Vec<_> = (0..).zip(leaves).map(proof).collect();
        json!({ "n": n, "root": root, "siblings": proofs })
    };
    (1..=9).map(of).collect()
}

fn header_vector(header: &Header) -> Value {
    assert_eq!(Header::from_bytes(&header.to_bytes()), *header);
    json!({ "header": header, "bytes": hex(&header.to_bytes()), "hash": header.hash() })
}

fn headers() -> Value {
    let counting = Header {
        previous: BlockHash::from_bytes(std::array::from_fn(|i| u8::try_from(i).expect("a small number"))),
        merkle_root: MerkleRoot::from_bytes(bytes(0x11)),
        version: 1,
        bits: CompactTarget::from_bits(0x1e01_0000),
        height: 0x0102_0304_0506,
        time: (1 << 48) - 1,
        state_root: StateRoot::from_bytes(bytes(0x22)),
        nonce: 0x0001_0203_0405_0607,
    };
    [counting, ChainParams::lab().genesis().header].map(|header| header_vector(&header)).into_iter().collect()
}

fn some_coins() -> Vec<(OutPoint, Coin)> {
    let coin = |fill, vout, value, owner, coinbase_height| {
        let output = TxOut { value: grains(value), owner };
        (OutPoint { txid: Txid::from_bytes(bytes(fill)), vout }, Coin { output, coinbase_height })
    };
    vec![
        coin(1, 0, 1, classroom::owner(0), 0),
        coin(1, 1, 5_000_000_000, classroom::owner(1), 7),
        coin(2, u32::MAX, Amount::MAX_MONEY.grains(), PublicKey::ZERO, 1 << 40),
    ]
}

fn over(coins: &[(OutPoint, Coin)]) -> LtHash {
    let mut sum = LtHash::default();
    coins.iter().for_each(|(outpoint, coin)| sum.add(outpoint, coin));
    sum
}

fn coins() -> Value {
    let coins = some_coins();
    let of = |entry: &(OutPoint, Coin)| {
        let element = over(&[*entry]);
        json!({
            "outpoint": entry.0, "coin": entry.1, "bytes": hex(&CoinBytes::from(*entry).0),
            "element_begins": hex(&element.to_bytes()[..32]),
            "element_ends": hex(&element.to_bytes()[2016..]), "digest": hex(&element.digest()),
        })
    };
    let sum = over(&coins);
    json!({
        "each": coins.iter().map(of).collect::<Vec<_>>(),
        "digest_of_none": hex(&LtHash::default().digest()),
        "sum_begins": hex(&sum.to_bytes()[..32]),
        "digest_of_all": hex(&sum.digest()),
    })
}

/// Header i has 32 bytes i as hash, and (i + 1)^2 * 2^64 + i as chain work.
fn some_headers(n: u8) -> Vec<(BlockHash, Work)> {
    let of = |i: u8| {
        let mut work = [0; 32];
        work[22..24].copy_from_slice(&(u16::from(i) + 1).pow(2).to_be_bytes());
        work[31] = i;
        (BlockHash::from_bytes(bytes(i)), Work::from_be_bytes(work))
    };
    (0..n).map(of).collect()
}

fn ancestors_of(headers: &[(BlockHash, Work)]) -> Ancestors {
    let mut ancestors = Ancestors::default();
    for (hash, work) in headers {
        ancestors.push(*hash, *work);
    }
    ancestors
}

fn ancestors() -> Value {
    let of = |n: u8| {
        let headers = some_headers(n);
        let root = ancestors_of(&headers).root();
        let proof = |(index, (hash, work)): (u64, &(BlockHash, Work))| {
            let proof = AncestorProof::build(&headers, index).expect("a header");
            assert!(proof.verify(root, *hash, index, *work));
            let siblings: Vec<_> = proof.siblings.iter().map(|sibling| hex(sibling)).collect();
            json!({ "hash": hash, "work": work.to_string(), "siblings": siblings })
        };
        let headers: Vec<_> = (0..).zip(&headers).map(proof).collect();
        json!({ "n": n, "root": hex(&root), "headers": headers })
    };
    (0..=9).map(of).collect()
}

fn states() -> Value {
    let of = |coins: &[(OutPoint, Coin)], issued, headers| {
        let state = ChainState {
            utxo_hash: over(coins),
            coin_count: coins.len() as u64,
            issued: grains(issued),
            ancestors: ancestors_of(&some_headers(headers)),
        };
        json!({
            "digest": hex(&state.utxo_hash.digest()), "coin_count": state.coin_count, "issued": state.issued,
            "ancestors": hex(&state.ancestors.root()), "state_root": state.root(),
        })
    };
    json!([of(&[], 0, 0), of(&some_coins()[..2], 5_000_000_001, 1), of(&some_coins(), Amount::MAX_MONEY.grains(), 9)])
}

fn compact() -> Value {
    let of = |bits: u32| {
        let compact = CompactTarget::from_bits(bits);
        let mut vector = json!({ "bits": compact.to_string(), "canonical": compact.is_canonical() });
        match compact.to_target() {
            Ok(target) => {
                vector["target"] = target.to_string().into();
                vector["work"] = target.work().to_string().into();
            }
            Err(error) => vector["error"] = error.to_string().into(),
        }
        vector
    };
    let bits = [
        0x1d00_ffff,
        0x1e01_0000,
        0x1f01_0000,
        0x207f_ffff,
        0x2100_ffff,
        0x1e00_8000,
        0x1b04_04cb,
        0x0101_0000,
        0x0112_3456,
        0x0200_8000,
        0x0312_3456,
        0x0412_3456,
        0x0500_9234,
        0x2012_3456,
        0x2200_0001,
        0,
        0x0100_3456,
        0x0080_0000,
        0x0180_3456,
        0x0492_3456,
        0x01fe_dcba,
        0x2101_0000,
        0x2200_0100,
        0xff12_3456,
    ];
    bits.into_iter().map(of).collect()
}

/// Rounds targets that no compact form holds exactly.
fn targets() -> Value {
    let mut counting: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).expect("a small number"));
    counting[0] = 0x80;
    let of = |zeros: usize| {
        let mut bytes = counting;
        bytes[..zeros].fill(0);
        let target = Target::from_be_bytes(bytes).expect("the last byte is 31");
        json!({ "target": target.to_string(), "bits": target.to_compact().to_string(), "work": target.work().to_string() })
    };
    [0, 1, 2, 3, 15, 28, 29, 30, 31].into_iter().map(of).chain([json!({
        "target": Target::MAX.to_string(), "bits": Target::MAX.to_compact().to_string(), "work": Target::MAX.work().to_string(),
    })])
    .collect()
}

fn asert_results() -> Value {
    let limit = 0x1f01_0000;
    let target = |bits| CompactTarget::from_bits(bits).to_target().expect("bits of a target");
    let of = |(anchor, elapsed_ms, intervals): (u32, i64, u64)| {
        let bits = asert(target(anchor), elapsed_ms, intervals, 2_000, 40_000, target(limit));
        json!({
            "anchor": CompactTarget::from_bits(anchor).to_string(), "elapsed_ms": elapsed_ms, "intervals": intervals,
            "spacing_ms": 2_000, "half_life_ms": 40_000, "limit": CompactTarget::from_bits(limit).to_string(),
            "bits": bits.to_string(),
        })
    };
    let anchor = 0x1e01_0000;
    let cases = [
        (anchor, 2_000, 1),
        (anchor, 0, 1),
        (anchor, 1, 1),
        (anchor, 1_999, 1),
        (anchor, 2_001, 1),
        (anchor, 42_000, 1),
        (anchor, -38_000, 1),
        (anchor, -1, 1),
        (anchor, 80_000, 1),
        (anchor, 22_000, 1),
        (anchor, i64::MAX, 1),
        (anchor, i64::MIN, 1),
        (anchor, 123_456, 77),
        (0x1d00_ffff, 17, 3),
        (0x1f01_0000, 2_500, 1),
        (0x0101_0000, -40_000, 0),
        (0x0101_0000, 40_000, 0),
    ];
    cases.into_iter().map(of).collect()
}

fn expected_bits() -> Value {
    let of = |(height, bits, times): (u64, u32, &[u64])| {
        let bits = CompactTarget::from_bits(bits);
        let (time, time_before) = (times[0], times.get(1).copied());
        let context = HeaderContext { parent: BlockHash::ZERO, height, bits, time, time_before };
        json!({
            "network": "lab", "parent_height": height, "parent_bits": bits.to_string(), "times_from_the_parent_back": times,
            "next_bits": context.expected_bits(&ChainParams::lab()).to_string(),
        })
    };
    let lab = 0x1e01_0000;
    let cases: [(_, _, &[u64]); 8] = [
        (0, lab, &[1_000_000]),
        (1, lab, &[1_500_000, 1_000_000]),
        (2, lab, &[1_002_000, 1_000_000]),
        (3, lab, &[1_000_500, 1_000_000]),
        (4, 0x1e00_8123, &[1_000_001, 1_000_000]),
        (5, lab, &[1_080_000, 1_000_000]),
        (6, lab, &[9_000_000, 1_000_000]),
        (7, 0x1f01_0000, &[1_003_000, 1_000_000]),
    ];
    cases.into_iter().map(of).collect()
}

fn subsidies() -> Value {
    let cases = [
        (1, 150),
        (149, 150),
        (150, 150),
        (300, 150),
        (32 * 150, 150),
        (33 * 150, 150),
        (64 * 150, 150),
        (1, 210_000),
        (209_999, 210_000),
        (210_000, 210_000),
        (99_999, 100_000),
        (100_000, 100_000),
    ];
    let of = |(height, halving)| json!({ "height": height, "halving": halving, "subsidy": subsidy(height, halving) });
    cases.into_iter().map(of).collect()
}

fn genesis() -> Value {
    let of = |params: ChainParams| {
        let (spec, state) = (params.spec(), params.genesis_state());
        assert_eq!(params.genesis().header.state_root, state.root());
        json!({
            "network": spec.name, "hash": params.genesis_hash(), "block": params.genesis(), "issued": state.issued,
            "coin_count": state.coin_count, "coins_digest": hex(&state.utxo_hash.digest()),
            "header_bytes": hex(&params.genesis().header.to_bytes()),
        })
    };
    [ChainParams::lab(), ChainParams::reference(), ChainParams::regtest()].map(of).into_iter().collect()
}

/// Six blocks of regtest with payments: one chained, one of a mature reward, one of two owners.
fn chain() -> Value {
    let mut ledger = TestLedger::new(ChainParams::regtest());
    let mut vectors = Vec::new();
    for place in 0..6 {
        let mut payments = ledger.payments();
        let mut transactions = Vec::new();
        match place {
            1 => {
                transactions.extend(payments.pay(0, 1, grains(1_000), grains(10)));
                transactions.extend(payments.pay(1, 2, grains(700), grains(5)));
            }
            4 => transactions.extend(payments.pay(5, 0, grains(5_000_000_000), grains(0))),
            5 => {
                let coins: Vec<_> = [0, 2].into_iter().filter_map(|index| payments.coins_of(index).next()).collect();
                let value = coins.iter().map(|(_, coin)| coin.value).sum();
                let inputs = coins.iter().map(|(outpoint, _)| *outpoint).collect();
                transactions.push(payments.spend(inputs, vec![TxOut { value, owner: classroom::owner(3) }]));
            }
            _ => {}
        }
        let block: Block = ledger.extend(transactions, classroom::owner(5));
        assert_eq!(ledger.state(), &ledger.recount());
        vectors.push(json!({
            "hash": block.hash(), "block": block, "header_bytes": hex(&block.header.to_bytes()), "size": block.size(),
            "transaction_ids": block.transaction_ids(), "chain_work": ledger.work().to_string(),
            "issued": ledger.state().issued, "coin_count": ledger.state().coin_count,
            "coins_digest": hex(&ledger.state().utxo_hash.digest()), "ancestors": hex(&ledger.state().ancestors.root()),
        }));
    }
    vectors.into()
}

/// The short ids of payments with 32 bytes i as wtxid, in compact blocks with genesis' header.
fn short_ids() -> Value {
    let header = ChainParams::lab().genesis().header;
    let of = |nonce: u64| {
        let ids = ShortIds::new(&header, nonce);
        let of = |fill| {
            let wtxid = Wtxid::from_bytes(bytes(fill));
            json!({ "wtxid": wtxid, "id": hex(&ids.of(wtxid)) })
        };
        let ids: Vec<_> = [0, 1, 0xff].into_iter().map(of).collect();
        json!({ "header_bytes": hex(&header.to_bytes()), "nonce": nonce, "ids": ids })
    };
    [0, 1, 0x0001_0203_0405_0607].map(of).into_iter().collect()
}

/// Snapshots of some coins behind genesis' header: none, two in a chunk, three in two chunks.
///
/// A chunk of less than 4,096 coins that is not the last is no valid one. It is hashed like the others.
fn snapshots() -> Value {
    let (header, coins) = (ChainParams::lab().genesis().header, some_coins());
    let of = |chunks: &[&[(OutPoint, Coin)]]| {
        let all = chunks.concat();
        let hashed = |(place, coins): (u32, &&[(OutPoint, Coin)])| {
            let coins: Vec<_> = coins.iter().copied().map(CoinBytes::from).collect();
            assert!(coins.is_sorted_by(CoinBytes::precedes));
            (coins.iter().map(|coin| hex(&coin.0)).collect::<Vec<_>>(), chunk_hash(header.hash(), place, &coins))
        };
        let chunks: Vec<_> = (0..).zip(chunks).map(hashed).collect();
        let manifest = Manifest {
            header,
            opening: Opening { coins: over(&all).digest(), count: all.len() as u64 },
            sum: over(&all),
            chunks: chunks.iter().map(|(_, hash)| *hash).collect(),
        };
        let chunks: Vec<_> = chunks.iter().map(|(coins, hash)| json!({ "coins": coins, "hash": hex(hash) })).collect();
        json!({
            "block": header.hash(), "coins_digest": hex(&manifest.opening.coins), "count": manifest.opening.count,
            "chunks": chunks, "id": hex(&manifest.id()),
        })
    };
    json!([of(&[]), of(&[&coins[..2]]), of(&[&coins[..2], &coins[2..]])])
}
