//! Receipts in files: what they show, and that nothing in them can be changed.

#![allow(clippy::unwrap_used, reason = "in a test a failure is a panic")]

mod world;

use toycoin_core::{
    Amount, BlockHash, ChainParams, CompactTarget, Header, PublicKey, Rule, RuleError, Signature, TxOut, Txid, Work,
    chain::ProvedWork, hex::Hex, proof::FILE_SLICES, proof::ReceiptTransaction, test_util::classroom,
};
use toycoin_light::{
    AncestryError, MAX_RECEIPT, MAX_RECEIPT_HEADERS, ProofError, ReceiptError, ReceiptFile, ReceiptFileError, Shown,
    ShownWork, machine::ReceiptBundle,
};
use world::{FullNode, NOW_MS};

/// Who is paid.
const PAYEE: u32 = 5;

/// A chain with a payment at height 5, and the payment's id.
fn chain(blocks_after: u64) -> (FullNode, Txid) {
    let mut node = FullNode::new(ChainParams::regtest());
    node.grow(4);
    let payment = node.payment(0, PAYEE, 1_000, 0);
    let txid = payment.txid();
    node.mine(vec![payment], classroom::owner(7));
    node.grow(blocks_after);
    (node, txid)
}

/// The receipt as a light client collects it.
fn bundle(node: &FullNode, txid: &Txid) -> ReceiptBundle {
    let chain = &node.chain;
    let proved = chain.prove_work(&BlockHash::ZERO, &[0; 32], FILE_SLICES, &BlockHash::ZERO).unwrap();
    let ProvedWork::Proof(proof) = proved else { panic!("the chain is too short for a proof") };
    let receipt = chain.receipt(txid).unwrap().unwrap();
    let header = chain.headers().get(&receipt.block).unwrap().header;
    let is_old = header.height + 100 < chain.height();
    let ancestry = is_old.then(|| chain.prove_ancestors(&proof.tip.hash(), &[receipt.block]).unwrap().proof);
    ReceiptBundle { receipt, header, proof: *proof, ancestry }
}

fn file_of(node: &FullNode, txid: &Txid) -> ReceiptFile {
    ReceiptFile::from_bundle(&ChainParams::regtest(), &bundle(node, txid), vec![0]).unwrap()
}

/// The same receipt with headers in place of the proofs.
fn plain_file(node: &FullNode, txid: &Txid, headers: u64) -> ReceiptFile {
    let receipt = node.chain.receipt(txid).unwrap().unwrap();
    let height = node.chain.headers().get(&receipt.block).unwrap().header.height;
    let header = |height| node.block(height).header;
    ReceiptFile {
        network: "regtest".into(),
        genesis: ChainParams::regtest().genesis_hash(),
        transaction: receipt.transaction,
        paid: vec![0],
        inclusion: receipt.inclusion,
        headers: (height..height + headers).map(header).collect(),
        ancestry: None,
        spends: None,
    }
}

fn verify(file: &ReceiptFile) -> Result<Shown, ReceiptFileError> {
    file.verify(&ChainParams::regtest(), NOW_MS)
}

#[test]
fn a_file_shows_payment_block_and_work() {
    // in the tip's tail, and far below it
    for blocks_after in [100, 300] {
        let (node, txid) = chain(blocks_after);
        let file = file_of(&node, &txid);
        assert_eq!(file.ancestry.as_ref().unwrap().ancestors.is_some(), blocks_after > 100);
        let text = file.to_string();
        let read = ReceiptFile::read(text.as_bytes()).unwrap();
        assert_eq!((&read, read.to_string()), (&file, text));
        assert_eq!(read.to_bundle(), Some(bundle(&node, &txid)));

        let shown = verify(&read).unwrap();
        assert_eq!((shown.txid, shown.is_coinbase, shown.payers.is_none()), (txid, false, true));
        let paid: Vec<_> = shown.paid_outputs().map(|output| (output.owner, output.value.grains())).collect();
        assert_eq!(paid, [(classroom::owner(PAYEE), 1_000)]);
        assert_eq!(shown.other_outputs().map(|output| output.owner).collect::<Vec<_>>(), [classroom::owner(0)]);
        assert_eq!((shown.block.height, shown.block_hash), (5, node.block(5).hash()));
        assert_eq!((shown.confirmations(), shown.tip_hash), (blocks_after + 1, node.chain.tip().hash));
        let own =
            (0..=blocks_after).fold(Work::ZERO, |sum, _| sum + node.block(1).header.bits.to_target().unwrap().work());
        assert_eq!(shown.work, ShownWork::Chain { total: node.chain.tip().work, since: own });
    }
}

#[test]
fn headers_alone_show_their_own_work() {
    let (node, txid) = chain(20);
    for headers in [1, 2, 3, 20] {
        let file = plain_file(&node, &txid, headers);
        let shown = verify(&ReceiptFile::read(file.to_string().as_bytes()).unwrap()).unwrap();
        let own = node.block(1).header.bits.to_target().unwrap().work();
        assert_eq!(shown.work, ShownWork::Headers((0..headers).fold(Work::ZERO, |sum, _| sum + own)));
        assert_eq!((shown.confirmations(), shown.tip.height), (headers, 4 + headers));
        assert!(file.to_bundle().is_none());
    }
}

#[test]
fn a_reward_and_an_allotment_have_receipts() {
    let (node, _) = chain(10);
    let reward = node.block(3).coinbase.txid();
    let shown = verify(&plain_file(&node, &reward, 2)).unwrap();
    assert!(shown.is_coinbase);
    assert_eq!(shown.paid_outputs().map(|output| output.owner).collect::<Vec<_>>(), [classroom::owner(7)]);
    let text = plain_file(&node, &reward, 2).to_string();
    assert_eq!(ReceiptFile::read(text.as_bytes()).unwrap().to_string(), text);
    let allotted = node.block(0).coinbase.txid();
    assert_eq!(verify(&plain_file(&node, &allotted, 3)).unwrap().block.height, 0);
}

#[test]
fn white_space_between_tokens_is_free() {
    let (node, txid) = chain(3);
    let file = plain_file(&node, &txid, 2);
    // no string of a receipt holds one of these
    let loose = ["{", "}", "[", "]", ",", ":"]
        .iter()
        .fold(file.to_string(), |text, token| text.replace(token, &format!("\n\t {token}\r\n ")));
    assert_eq!(ReceiptFile::read(loose.as_bytes()), Ok(file));
}

#[test]
fn every_changed_byte_is_refused_or_shows_the_same() {
    let (node, txid) = chain(300);
    let mut file = file_of(&node, &txid);
    file.spends = Some(spends(&node));
    let text = file.to_string();
    let shown = verify(&file).unwrap();
    let before_proof = text.find("\"ancestry\"").unwrap();
    // every 11th byte before the proofs, and 200 within them
    let places =
        (0..before_proof).step_by(11).chain((before_proof..text.len()).step_by((text.len() - before_proof) / 200));
    for (at, replacement) in places.zip(b"0123456789abcdef \"{}[]:,-x".iter().cycle()) {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == *replacement { bytes[at] ^ 1 } else { *replacement };
        let result = ReceiptFile::read(&bytes).and_then(|file| verify(&file));
        if let Ok(mut other) = result {
            // which output is meant is the file's own word
            other.paid.clone_from(&shown.paid);
            assert_eq!(other, shown, "byte {at} is {}", char::from(bytes[at]));
        }
    }
}

/// The coins that the payment of [`chain`] spends.
fn spends(node: &FullNode) -> Vec<TxOut> {
    let genesis = node.block(0).coinbase;
    let txid = genesis.txid();
    let payment = &node.block(5).transactions[0];
    let coins: Vec<_> = genesis.outpoints(txid).map(|(outpoint, output)| (outpoint, *output)).collect();
    let find = |input| coins.iter().find(|(outpoint, _)| outpoint == input).unwrap().1;
    payment.inputs.iter().map(find).collect()
}

#[test]
fn spent_coins_show_who_paid() {
    let (node, txid) = chain(3);
    let mut file = plain_file(&node, &txid, 2);
    file.spends = Some(spends(&node));
    let text = file.to_string();
    assert_eq!(ReceiptFile::read(text.as_bytes()).as_ref(), Ok(&file));
    assert_eq!(verify(&file).unwrap().payers, Some(vec![classroom::owner(0)]));

    let change = |change: fn(&mut Vec<TxOut>)| {
        let mut file = file.clone();
        change(file.spends.as_mut().unwrap());
        verify(&file).unwrap_err()
    };
    let wrong = ReceiptFileError::Signature { input: 0 };
    assert_eq!(change(|spends| spends[0].value = Amount::from_grains(1)), wrong);
    assert_eq!(change(|spends| spends[0].owner = classroom::owner(1)), wrong);
    assert_eq!(change(Vec::clear), ReceiptFileError::SpendCount { found: 0, inputs: 1 });
    let mut reward = plain_file(&node, &node.block(3).coinbase.txid(), 2);
    reward.spends = Some(Vec::new());
    assert_eq!(verify(&reward), Err(ReceiptFileError::SpendCount { found: 0, inputs: 0 }));
}

#[test]
fn a_receipt_of_another_network_is_refused() {
    let (node, txid) = chain(3);
    let file = plain_file(&node, &txid, 1);
    let lab = file.verify(&ChainParams::lab(), NOW_MS).unwrap_err();
    assert!(matches!(lab, ReceiptFileError::OtherNetwork { .. }), "{lab}");
    let named = ReceiptFile { network: "lab".into(), ..file };
    assert!(matches!(verify(&named), Err(ReceiptFileError::NetworkName { .. })));
}

#[test]
fn a_transaction_that_breaks_a_rule_by_itself_is_refused() {
    let (node, txid) = chain(3);
    let file = plain_file(&node, &txid, 1);
    let most = TxOut { value: Amount::MAX_MONEY, owner: classroom::owner(1) };
    let rule = |change: &dyn Fn(&mut toycoin_core::Transaction)| {
        let mut file = file.clone();
        let ReceiptTransaction::Transaction(payment) = &mut file.transaction else { panic!("a payment") };
        change(payment);
        match verify(&file).unwrap_err() {
            ReceiptFileError::Transaction(error) => error.rule(),
            other => panic!("{other}"),
        }
    };
    assert_eq!(rule(&|payment| payment.version = 2), Rule::TransactionVersion);
    assert_eq!(rule(&|payment| payment.inputs.clear()), Rule::InputCount);
    assert_eq!(rule(&|payment| payment.outputs.clear()), Rule::OutputCount);
    assert_eq!(rule(&|payment| payment.signatures.clear()), Rule::SignatureCount);
    assert_eq!(rule(&|payment| payment.outputs[0].value = Amount::ZERO), Rule::OutputValue);
    assert_eq!(rule(&|payment| payment.outputs = vec![most; 2]), Rule::OutputSum);
    assert_eq!(rule(&|payment| payment.outputs = vec![most; 3_000]), Rule::TransactionSize);

    let reward = plain_file(&node, &node.block(3).coinbase.txid(), 1);
    let rule = |change: &dyn Fn(&mut toycoin_core::Coinbase)| {
        let mut file = reward.clone();
        let ReceiptTransaction::Coinbase(coinbase) = &mut file.transaction else { panic!("a coinbase") };
        change(coinbase);
        match verify(&file).unwrap_err() {
            ReceiptFileError::Transaction(error) => error.rule(),
            other => panic!("{other}"),
        }
    };
    assert_eq!(rule(&|coinbase| coinbase.extra = vec![0; 65]), Rule::CoinbaseExtra);
    assert_eq!(rule(&|coinbase| coinbase.outputs[0].value = Amount::ZERO), Rule::CoinbaseOutputValue);
    assert_eq!(rule(&|coinbase| coinbase.outputs = vec![most; 2]), Rule::CoinbaseOutputSum);
}

#[test]
fn what_the_block_does_not_hold_is_refused() {
    let (node, txid) = chain(3);
    let file = plain_file(&node, &txid, 1);
    let error = |change: &dyn Fn(&mut ReceiptFile)| {
        let mut file = file.clone();
        change(&mut file);
        verify(&file).unwrap_err()
    };
    let not_held = ReceiptFileError::Receipt(ReceiptError::NotIncluded);
    let payment = |file: &mut ReceiptFile, change: &dyn Fn(&mut toycoin_core::Transaction)| {
        let ReceiptTransaction::Transaction(payment) = &mut file.transaction else { panic!("a payment") };
        change(payment);
    };
    assert_eq!(error(&|file| payment(file, &|at| at.outputs[0].owner = PublicKey::ZERO)), not_held);
    assert_eq!(error(&|file| payment(file, &|at| at.signatures[0] = Signature::from_bytes([1; 64]))), not_held);
    assert_eq!(error(&|file| payment(file, &|at| at.inputs[0].vout ^= 1)), not_held);
    assert_eq!(error(&|file| file.inclusion.siblings[0][31] ^= 1), not_held);
    assert_eq!(error(&|file| file.inclusion.transactions += 1), not_held);
    assert_eq!(error(&|file| file.inclusion.index = 0), ReceiptFileError::Receipt(ReceiptError::PaymentIndex));
    assert_eq!(error(&|file| file.headers[0] = node.block(6).header), not_held);
    for (vout, paid) in [(2, vec![0, 2]), (0, vec![1, 0]), (1, vec![1, 1])] {
        assert_eq!(error(&|file| file.paid.clone_from(&paid)), ReceiptFileError::Paid { vout });
    }
}

#[test]
fn headers_that_break_a_rule_are_refused() {
    let (node, txid) = chain(20);
    let file = plain_file(&node, &txid, 6);
    let error = |change: &dyn Fn(&mut Vec<Header>)| {
        let mut file = file.clone();
        change(&mut file.headers);
        verify(&file).unwrap_err()
    };
    let rule = |place, change: &dyn Fn(&mut Header)| match error(&|headers| change(&mut headers[place])) {
        ReceiptFileError::Header { place: found, error } => {
            assert_eq!(found, place);
            error.rule()
        }
        other => panic!("{other}"),
    };
    let hard = CompactTarget::from_bits(0x0101_0000);
    for place in 0..6 {
        assert_eq!(rule(place, &|header| header.version = 2), Rule::HeaderVersion);
        assert_eq!(rule(place, &|header| header.bits = CompactTarget::from_bits(0)), Rule::TargetRange);
        assert_eq!(rule(place, &|header| header.bits = hard), Rule::Bits);
        let unmined = |header: &mut Header| {
            let target = header.bits.to_target().unwrap();
            while target.is_met_by(&header.hash()) {
                header.nonce += 1;
            }
        };
        assert_eq!(rule(place, &unmined), Rule::ProofOfWork);
        // with a proof of work of its own
        let mined = |header: &mut Header, change: &dyn Fn(&mut Header)| {
            change(header);
            let target = header.bits.to_target().unwrap();
            while !target.is_met_by(&header.hash()) {
                header.nonce += 1;
            }
        };
        if place > 0 {
            assert_eq!(rule(place, &|header| mined(header, &|at| at.previous = BlockHash::ZERO)), Rule::PreviousBlock);
            assert_eq!(rule(place, &|header| mined(header, &|at| at.height += 1)), Rule::Height);
            assert_eq!(rule(place, &|header| mined(header, &|at| at.time = 7)), Rule::TimeAboveParent);
            assert_eq!(rule(place, &|header| mined(header, &|at| at.time = 1 << 48)), Rule::TimeRange);
            assert_eq!(rule(place, &|header| mined(header, &|at| at.time = (1 << 48) - 1)), Rule::TimeNotInFuture);
        }
    }
    let count = |found| ReceiptFileError::HeaderCount { found };
    assert_eq!(error(&|headers| headers.clear()), count(0));
    assert_eq!(error(&|headers| *headers = vec![headers[0]; MAX_RECEIPT_HEADERS + 1]), count(MAX_RECEIPT_HEADERS + 1));
    let early = file.verify(&ChainParams::regtest(), 0).unwrap_err();
    assert!(
        early.is_deferred()
            && matches!(early, ReceiptFileError::Header { error: RuleError::TimeNotInFuture { .. }, .. })
    );
}

#[test]
fn proofs_of_another_block_or_tip_are_refused() {
    let (node, txid) = chain(300);
    let file = file_of(&node, &txid);
    let error = |change: &dyn Fn(&mut ReceiptFile)| {
        let mut file = file.clone();
        change(&mut file);
        verify(&file).unwrap_err()
    };
    let ancestry = |file: &mut ReceiptFile| file.ancestry.clone().unwrap();
    let second = error(&|file| file.headers.push(node.block(6).header));
    assert_eq!(second, ReceiptFileError::HeaderCount { found: 2 });
    let untied = ReceiptFileError::NotTied { block: node.block(5).hash() };
    assert_eq!(error(&|file| file.ancestry.as_mut().unwrap().ancestors = None), untied);
    let of_another = error(&|file| {
        let tip = ancestry(file).proof.tip.hash();
        let other = node.chain.prove_ancestors(&tip, &[node.block(6).hash()]).unwrap().proof;
        file.ancestry.as_mut().unwrap().ancestors = Some(other);
    });
    assert_eq!(of_another, untied);
    let other_tip = error(&|file| file.ancestry.as_mut().unwrap().ancestors.as_mut().unwrap().tip = BlockHash::ZERO);
    assert!(matches!(other_tip, ReceiptFileError::Ancestry(AncestryError::OtherTip { .. })), "{other_tip}");
    let more_work = error(&|file| {
        let proof = &mut file.ancestry.as_mut().unwrap().proof;
        proof.before_tail = proof.before_tail + proof.before_tail;
    });
    assert!(matches!(more_work, ReceiptFileError::Proof(_)), "{more_work}");
    let seeded = error(&|file| {
        let proved = node.chain.prove_work(&BlockHash::ZERO, &[1; 32], FILE_SLICES, &BlockHash::ZERO).unwrap();
        let ProvedWork::Proof(proof) = proved else { panic!("a proof") };
        file.ancestry.as_mut().unwrap().proof = *proof;
    });
    assert!(matches!(seeded, ReceiptFileError::Proof(ProofError::PointUncovered { .. })), "{seeded}");
    assert!(file.verify(&ChainParams::regtest(), 0).unwrap_err().is_deferred());
}

#[test]
fn what_is_no_receipt_is_refused_with_its_place() {
    let (node, txid) = chain(3);
    let text = plain_file(&node, &txid, 1).to_string();
    for (from, to, wanted) in [
        ("{\"toycoin_receipt\"", "{\"receipt\"", "\"toycoin_receipt\""),
        ("\"network\":\"regtest\"", "\"network\":\"Regtest\"", "a network's name"),
        ("\"n\":2", "\"n\":02", "a number without leading zeros, within its range"),
        ("\"n\":2", "\"n\":4294967296", "a number without leading zeros, within its range"),
        ("\"n\":2", "\"n\":-2", "a number without leading zeros, within its range"),
        ("\"genesis\":\"5", "\"genesis\":\"", "hex in lower case, of the right length"),
        ("\"siblings\":[", "\"siblings\":[,", "\""),
        ("\"headers\"", "\"header\"", "\"headers\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let error = ReceiptFile::read(changed.as_bytes()).unwrap_err();
        assert!(matches!(error, ReceiptFileError::Malformed { wanted: found, .. } if found == wanted), "{to}: {error}");
    }
    let read = |text: &str| ReceiptFile::read(text.as_bytes()).unwrap_err();
    assert_eq!(read(&text.replacen(":1,", ":2,", 1)), ReceiptFileError::Version(2));
    assert_eq!(read(&format!("{text}x")), ReceiptFileError::Malformed { at: text.len(), wanted: "the end" });
    assert_eq!(ReceiptFile::read(b"{\xff"), Err(ReceiptFileError::Malformed { at: 1, wanted: "text in UTF-8" }));
    assert_eq!(
        ReceiptFile::read(&vec![b' '; MAX_RECEIPT + 1]),
        Err(ReceiptFileError::TooLong { found: MAX_RECEIPT + 1 })
    );
    for end in 0..text.len() {
        assert!(ReceiptFile::read(&text.as_bytes()[..end]).is_err(), "{end} bytes of it");
    }
    let with = |more: &str| format!("{},{more}}}", &text[..text.len() - 1]);
    let bytes = Hex(&[0; 100]).to_string();
    let proof = read(&with(&format!(r#""ancestry":{{"proof":"{bytes}"}}"#)));
    assert!(matches!(proof, ReceiptFileError::ProofBytes(_)), "{proof}");
    let (long, txid) = chain(300);
    let text = file_of(&long, &txid).to_string();
    let cut = text.replacen("\"ancestors\":\"", "\"ancestors\":\"00", 1);
    let ancestors = read(&cut);
    assert!(matches!(ancestors, ReceiptFileError::AncestorBytes(_)), "{ancestors}");
}

/// What the fuzzer begins with: receipts without proofs, since those are long. `TOYCOIN_UPDATE_SEEDS=1` writes them.
#[test]
fn seeds_of_the_fuzzer_are_receipts() {
    let (node, txid) = chain(3);
    let mut payment = plain_file(&node, &txid, 3);
    payment.spends = Some(spends(&node));
    let reward = plain_file(&node, &node.block(3).coinbase.txid(), 1);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/receipts");
    for (name, file) in [("payment", payment), ("reward", reward)] {
        let path = folder.join(name);
        if std::env::var_os("TOYCOIN_UPDATE_SEEDS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, file.to_string()).unwrap();
        }
        assert_eq!(ReceiptFile::read(&std::fs::read(&path).unwrap()), Ok(file), "{name}");
    }
}
