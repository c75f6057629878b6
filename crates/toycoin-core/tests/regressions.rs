//! What the original got wrong and what Bitcoin learned the hard way, each a test of its own.

use toycoin_core::{
    Amount, Block, Chain, ChainParams, GRAINS_PER_TOYCOIN, NetworkSpec, OutPoint, PublicKey, Retargeting, Rule,
    RuleError, Signature, Transaction, TxOut, Txid,
    consensus::check_transaction_form,
    sighash,
    test_util::{Scene, TestLedger, classroom},
};

const GRAIN: Amount = Amount::from_grains(1);

/// A ledger whose genesis gave coins to keys 0 to 3, with some blocks on it.
fn ledger() -> TestLedger {
    let mut ledger = TestLedger::new(ChainParams::regtest());
    for _ in 0..3 {
        ledger.extend(Vec::new(), classroom::owner(0));
    }
    ledger
}

fn toycoins(toycoins: u64) -> Amount {
    Amount::from_grains(toycoins * GRAINS_PER_TOYCOIN)
}

fn output(value: Amount, owner: u32) -> TxOut {
    TxOut { value, owner: classroom::owner(owner) }
}

/// Returns genesis' coin of a key: 100, 50, 25 and 10 toycoins for keys 0 to 3.
fn first_coin(ledger: &TestLedger, owner: u32) -> (OutPoint, TxOut) {
    let genesis = ledger.params().genesis();
    let txid = genesis.coinbase.txid();
    let mut coins = genesis.coinbase.outpoints(txid);
    let (outpoint, coin) = coins.find(|(_, coin)| coin.owner == classroom::owner(owner)).expect("a coin of genesis");
    (outpoint, *coin)
}

/// Returns a payment that says what it is told to, signed by the owners of the coins that are there to be spent.
fn transaction(ledger: &TestLedger, inputs: &[OutPoint], outputs: &[TxOut]) -> Transaction {
    let mut transaction =
        Transaction { version: 1, inputs: inputs.to_vec(), outputs: outputs.to_vec(), signatures: Vec::new() };
    let coins = inputs.iter().filter_map(|outpoint| ledger.coins().get(outpoint));
    let spent: Vec<_> = coins.map(|coin| coin.output).collect();
    classroom::sign(&mut transaction, ledger.params().genesis_hash(), &spent);
    transaction
}

/// Judges a block of these transactions that is right in everything else.
fn judge(ledger: &TestLedger, transactions: Vec<Transaction>) -> Result<(), RuleError> {
    let block = ledger.next_block(transactions, classroom::owner(7));
    let now_ms = block.header.time;
    ledger.judge(block, now_ms).map(drop)
}

fn broken_rule(ledger: &TestLedger, transactions: Vec<Transaction>) -> Option<Rule> {
    judge(ledger, transactions).err().map(|error| error.rule())
}

#[test]
fn no_magic_sender_mints_money() {
    let ledger = ledger();
    let minted = [output(toycoins(1_000), 7)];
    assert_eq!(broken_rule(&ledger, vec![transaction(&ledger, &[], &minted)]), Some(Rule::InputCount), "no sender");
    let null = OutPoint { txid: Txid::ZERO, vout: u32::MAX };
    assert_eq!(
        broken_rule(&ledger, vec![transaction(&ledger, &[null], &minted)]),
        Some(Rule::CoinExists),
        "null sender"
    );

    let mut greedy = ledger.next_block(Vec::new(), classroom::owner(7));
    greedy.coinbase.outputs.push(output(GRAIN, 7));
    ledger.commit(&mut greedy);
    let greedy = greedy.mine_trivial();
    let now_ms = greedy.header.time;
    assert_eq!(ledger.judge(greedy, now_ms).unwrap_err().rule(), Rule::CoinbaseAmount, "the miner himself");
}

#[test]
fn an_owner_that_is_no_key_signs_nothing() {
    let mut ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let nobody = TxOut { owner: PublicKey::ZERO, ..coin };
    let burn = transaction(&ledger, &[outpoint], &[nobody]);
    let burnt = OutPoint { txid: burn.txid(), vout: 0 };
    ledger.extend(vec![burn], classroom::owner(1));
    assert_eq!(ledger.coins().get(&burnt).map(|coin| coin.output), Some(nobody), "valid and counted");

    let outputs = vec![output(coin.value, 7)];
    let mut theft = Transaction { version: 1, inputs: vec![burnt], outputs, signatures: Vec::new() };
    let message = sighash(ledger.params().genesis_hash(), theft.txid(), [nobody]);
    for signature in [Signature::from_bytes([0; 64]), classroom::key(7).sign(message.as_bytes())] {
        theft.signatures = vec![signature];
        assert_eq!(broken_rule(&ledger, vec![theft.clone()]), Some(Rule::Signature), "and unspendable");
    }
}

#[test]
fn change_cannot_be_stolen() {
    let ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let change = coin.value.checked_sub(toycoins(1)).unwrap();
    let mut payment = transaction(&ledger, &[outpoint], &[output(toycoins(1), 1), output(change, 0)]);
    assert_eq!(broken_rule(&ledger, vec![payment.clone()]), None);
    payment.outputs[1].owner = classroom::owner(7);
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::Signature));
}

#[test]
fn change_cannot_be_dropped_into_the_fee_by_others() {
    let ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let change = coin.value.checked_sub(toycoins(1)).unwrap();
    let mut payment = transaction(&ledger, &[outpoint], &[output(toycoins(1), 1), output(change, 0)]);
    payment.outputs.pop();
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::Signature));
}

#[test]
fn amounts_are_signed() {
    let ledger = ledger();
    let (outpoint, _) = first_coin(&ledger, 0);
    let mut payment = transaction(&ledger, &[outpoint], &[output(toycoins(1), 1)]);
    payment.outputs[0].value = toycoins(2);
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::Signature));
}

#[test]
fn amounts_balance() {
    let ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let more = coin.value.checked_add(GRAIN).unwrap();
    assert_eq!(broken_rule(&ledger, vec![transaction(&ledger, &[outpoint], &[output(coin.value, 1)])]), None);
    let payment = transaction(&ledger, &[outpoint], &[output(more, 1)]);
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::ValueBalance));
}

#[test]
fn signatures_in_received_blocks_are_checked() {
    let ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let mut payment = transaction(&ledger, &[outpoint], &[output(coin.value, 1)]);
    for bit in [0, 7, 255, 256, 511] {
        let mut bytes = payment.signatures[0].to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut forged = payment.clone();
        forged.signatures = vec![Signature::from_bytes(bytes)];
        assert_eq!(broken_rule(&ledger, vec![forged]), Some(Rule::Signature), "bit {bit}");
    }
    payment.signatures.clear();
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::SignatureCount), "none at all");
}

#[test]
fn every_input_needs_its_own_owners_signature() {
    let ledger = ledger();
    let ((ours, our_coin), (theirs, their_coin)) = (first_coin(&ledger, 0), first_coin(&ledger, 1));
    let all = our_coin.value.checked_add(their_coin.value).unwrap();
    let mut payment = transaction(&ledger, &[ours, theirs], &[output(all, 0)]);
    assert_eq!(broken_rule(&ledger, vec![payment.clone()]), None, "both agree");
    payment.signatures[1] = payment.signatures[0];
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::Signature), "one signs for both");
}

#[test]
fn a_payment_is_not_replayed_on_another_network() {
    let other = NetworkSpec { extra: b"another".to_vec(), ..ChainParams::regtest().spec().clone() };
    let (here, there) = (ledger(), TestLedger::new(ChainParams::new(other).unwrap()));
    let (outpoint, coin) = first_coin(&there, 0);
    let spent = [coin];
    let mut payment = transaction(&there, &[outpoint], &[output(coin.value, 1)]);
    assert_eq!(broken_rule(&there, vec![payment.clone()]), None);
    classroom::sign(&mut payment, here.params().genesis_hash(), &spent);
    assert_eq!(broken_rule(&there, vec![payment]), Some(Rule::Signature));
}

#[test]
fn a_double_spend_in_one_block_is_refused() {
    let ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let one = transaction(&ledger, &[outpoint], &[output(coin.value, 1)]);
    let other = transaction(&ledger, &[outpoint], &[output(coin.value, 2)]);
    assert_eq!(broken_rule(&ledger, vec![one, other]), Some(Rule::DuplicateInputInBlock));
}

#[test]
fn a_double_spend_of_a_coin_made_in_the_block_is_refused() {
    let ledger = ledger();
    let mut payments = ledger.payments();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let parent = payments.spend(vec![outpoint], vec![output(coin.value, 1)]);
    let made = OutPoint { txid: parent.txid(), vout: 0 };
    let one = payments.clone().spend(vec![made], vec![output(coin.value, 2)]);
    let other = payments.spend(vec![made], vec![output(coin.value, 3)]);
    assert_eq!(broken_rule(&ledger, vec![parent.clone(), one.clone()]), None);
    assert_eq!(broken_rule(&ledger, vec![parent, one, other]), Some(Rule::DuplicateInputInBlock));
}

#[test]
fn a_double_spend_across_blocks_is_refused() {
    let mut ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let one = transaction(&ledger, &[outpoint], &[output(coin.value, 1)]);
    let other = transaction(&ledger, &[outpoint], &[output(coin.value, 2)]);
    ledger.extend(vec![one], classroom::owner(7));
    assert_eq!(broken_rule(&ledger, vec![other.clone()]), Some(Rule::CoinExists));
    ledger.extend(Vec::new(), classroom::owner(7));
    assert_eq!(broken_rule(&ledger, vec![other]), Some(Rule::CoinExists), "nor later");
}

#[test]
fn rejects_the_same_transaction_twice_in_one_block_and_in_two() {
    let mut ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let payment = transaction(&ledger, &[outpoint], &[output(coin.value, 1)]);
    let twice = vec![payment.clone(), payment.clone()];
    assert_eq!(broken_rule(&ledger, twice), Some(Rule::DuplicateInputInBlock));
    ledger.extend(vec![payment.clone()], classroom::owner(7));
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::CoinExists));
}

#[test]
fn block_spends_earlier_outputs_and_never_later_ones() {
    let ledger = ledger();
    let mut payments = ledger.payments();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let parent = payments.spend(vec![outpoint], vec![output(coin.value, 1)]);
    let child = payments.spend(vec![OutPoint { txid: parent.txid(), vout: 0 }], vec![output(coin.value, 2)]);
    assert_eq!(broken_rule(&ledger, vec![parent.clone(), child.clone()]), None);
    assert_eq!(broken_rule(&ledger, vec![child, parent]), Some(Rule::CoinExists));
}

#[test]
fn times_are_compared_with_the_past_and_with_the_clock() {
    let ledger = ledger();
    let at = |time: u64, now_ms: u64| {
        let mut block = ledger.draft(Vec::new(), classroom::owner(7));
        block.header.time = time;
        ledger.judge(ledger.seal(block), now_ms).err()
    };
    let (parent, drift) = (ledger.tip().header.time, ledger.params().spec().max_future_ms);
    let rule = |error: Option<RuleError>| error.map(|error| error.rule());
    assert_eq!(rule(at(parent, parent)), Some(Rule::TimeAboveParent));
    assert_eq!(rule(at(parent - 1, parent)), Some(Rule::TimeAboveParent));
    assert_eq!(rule(at(parent + 1, parent)), None);
    assert_eq!(rule(at(parent + 1, parent + 1 - drift)), None, "a clock behind by the drift");
    assert_eq!(rule(at(parent + 1 + drift, parent + 1)), None);
    let early = at(parent + 2 + drift, parent + 1).expect("a block from the future");
    assert_eq!(early.rule(), Rule::TimeNotInFuture);
    assert!(early.is_deferred(), "it waits and is not invalid");
}

#[test]
fn difficulty_moves_in_small_steps_and_never_stalls() {
    // the original's target fell by whole bytes: 256 times harder at a time, and then it stood still
    let spec = NetworkSpec {
        retargeting: Some(Retargeting { spacing_ms: 1_000, half_life_ms: 20_000 }),
        extra: b"steps".to_vec(),
        ..ChainParams::regtest().spec().clone()
    };
    let mut ledger = TestLedger::new(ChainParams::new(spec).unwrap());
    let mut harder = 0;
    for _ in 0..60 {
        let mut block = ledger.draft(Vec::new(), classroom::owner(0));
        block.header.time = ledger.tip().header.time + 100;
        let block = ledger.seal(block);
        let expected_hashes = |block: &Block| block.header.bits.to_target().unwrap().work().to_f64();
        let step = expected_hashes(&block) / expected_hashes(ledger.tip());
        // rounding counts while two hashes are a block
        assert!((1.0..=1.5).contains(&step), "from one block to the next {step} times harder");
        harder += u32::from(step > 1.0);
        let now_ms = block.header.time;
        ledger.push(block, now_ms).unwrap();
    }
    assert_eq!(ledger.height(), 60);
    assert!(harder >= 3, "blocks ten times too fast must become harder, not only {harder} of 60");
}

#[test]
fn the_block_limit_holds_for_received_blocks_to_the_byte() {
    let ledger = ledger();
    let limit = ledger.params().spec().block_size_limit;
    let block_of = |size: u64| {
        let mut block = ledger.draft(Vec::new(), classroom::owner(7));
        let (mut payments, mut left) = (ledger.payments(), size - block.size());
        let (mut outpoint, mut coin) = first_coin(&ledger, 0);
        while left > 0 {
            let outputs = (left.min(Transaction::MAX_SIZE) - 116) / 40;
            let mut parts = vec![output(GRAIN, 1); usize::try_from(outputs).unwrap()];
            coin.value = coin.value.checked_sub(Amount::from_grains(outputs - 1)).unwrap();
            parts[0] = coin;
            let payment = payments.spend(vec![outpoint], parts);
            outpoint = OutPoint { txid: payment.txid(), vout: 0 };
            left -= payment.size();
            block.transactions.push(payment);
            if left < 156 {
                block.coinbase.extra = vec![0; usize::try_from(std::mem::take(&mut left)).unwrap()];
            }
        }
        let block = ledger.seal(block);
        assert_eq!(block.size(), size);
        block
    };
    let now_ms = ledger.tip().header.time + 1_000;
    assert_eq!(ledger.judge(block_of(limit), now_ms).map(drop), Ok(()));
    let size = limit + 1;
    assert_eq!(ledger.judge(block_of(size), now_ms).map(drop), Err(RuleError::BlockSize { size, limit }));
}

#[test]
fn a_transactions_size_has_an_upper_bound() {
    let params = ChainParams::regtest();
    let outpoint = OutPoint { txid: Txid::ZERO, vout: 0 };
    let signature = Signature::from_bytes([0; 64]);
    let judge = |inputs: usize, outputs: usize| {
        let transaction = Transaction {
            version: 1,
            inputs: vec![outpoint; inputs],
            outputs: vec![output(GRAIN, 1); outputs],
            signatures: vec![signature; inputs],
        };
        let rule = check_transaction_form(&params, &transaction).err().map(|error| error.rule());
        (transaction.size(), rule)
    };
    // no size is between these: all are 16 and a multiple of 20
    assert_eq!(judge(1, 2_497), (99_996, None));
    assert_eq!(judge(1, 2_498), (100_036, Some(Rule::TransactionSize)));
    assert_eq!(judge(2, 2_495), (100_016, Some(Rule::TransactionSize)));
    assert_eq!(judge(999, 2), (99_996, None));
    assert_eq!(judge(999, 3), (100_036, Some(Rule::TransactionSize)));
    // and the counts have no bound of their own
    assert_eq!(judge(0, 1), (56, Some(Rule::InputCount)));
    assert_eq!(judge(1, 0), (116, Some(Rule::OutputCount)));
    assert_eq!(judge(100_001, 100_001).1, Some(Rule::TransactionSize));
}

#[test]
fn cve_2012_2459_doubled_transactions_change_the_merkle_root() {
    // Bitcoin's tree doubled an odd last leaf, so a body with that transaction twice had the same root and, refused,
    // brought the good block of the same hash into disrepute
    let scene = Scene::new(ChainParams::regtest());
    assert_eq!(scene.block.transaction_ids().len(), 3, "an odd number of leaves");
    let mut doubled = scene.block.clone();
    doubled.transactions.extend_from_within(1..);
    assert_eq!(doubled.hash(), scene.block.hash());
    let error = scene.ledger.judge(doubled.clone(), scene.now_ms).unwrap_err();
    assert_eq!(error.rule(), Rule::MerkleRoot);

    let mut chain = Chain::in_memory(ChainParams::regtest());
    for block in &scene.ledger.blocks()[1..] {
        chain.apply(block.as_ref().clone(), scene.now_ms).unwrap();
    }
    let error = chain.apply(doubled, scene.now_ms).unwrap_err();
    assert_eq!(error.rule(), Some(Rule::MerkleRoot), "the sender's fault");
    assert!(chain.apply(scene.block.clone(), scene.now_ms).is_ok(), "and not the block's");
    assert_eq!(chain.tip().hash, scene.block.hash());
}

#[test]
fn cve_2018_17144_a_coin_twice_in_one_transaction_is_refused() {
    // Bitcoin Core 0.14 to 0.16 left this check out of blocks and would have minted the coin a second time
    let ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let doubled = coin.value.checked_add(coin.value).unwrap();
    let payment = transaction(&ledger, &[outpoint, outpoint], &[output(doubled, 1)]);
    assert_eq!(broken_rule(&ledger, vec![payment]), Some(Rule::DuplicateInput));
    let modest = transaction(&ledger, &[outpoint, outpoint], &[output(GRAIN, 1)]);
    assert_eq!(broken_rule(&ledger, vec![modest]), Some(Rule::DuplicateInput), "whatever it pays");
}

#[test]
fn cve_2010_5139_outputs_do_not_overflow() {
    // block 74638 of Bitcoin: two outputs whose sum wrapped round to less than the input
    let ledger = ledger();
    let (outpoint, _) = first_coin(&ledger, 0);
    let half = Amount::from_grains(1 << 63);
    let wrapped = [output(half, 1), output(half, 2), output(GRAIN, 3)];
    assert_eq!(broken_rule(&ledger, vec![transaction(&ledger, &[outpoint], &wrapped)]), Some(Rule::OutputValue));

    // so many outputs in range that their sum wraps round are too large; without that rule the sum is found out
    let whole = usize::try_from(u64::MAX / Amount::MAX_MONEY.grains()).unwrap() + 1;
    let in_range = vec![output(Amount::MAX_MONEY, 1); whole];
    assert_eq!(broken_rule(&ledger, vec![transaction(&ledger, &[outpoint], &in_range)]), Some(Rule::TransactionSize));
    assert_eq!(
        broken_rule(&ledger, vec![transaction(&ledger, &[outpoint], &in_range[..2])]),
        Some(Rule::OutputSum),
        "two are more than there can be"
    );
    let spec = NetworkSpec { extra: b"sandbox".to_vec(), ..ChainParams::regtest().spec().clone() };
    let sandbox = TestLedger::new(ChainParams::sandbox(spec, [Rule::TransactionSize]).unwrap());
    let (outpoint, _) = first_coin(&sandbox, 0);
    assert_eq!(broken_rule(&sandbox, vec![transaction(&sandbox, &[outpoint], &in_range)]), Some(Rule::OutputSum));
}

#[test]
fn a_coinbase_does_not_overflow_either() {
    let ledger = ledger();
    for (value, rule) in
        [(Amount::from_grains(1 << 63), Rule::CoinbaseOutputValue), (Amount::MAX_MONEY, Rule::CoinbaseOutputSum)]
    {
        let mut block = ledger.next_block(Vec::new(), classroom::owner(7));
        block.coinbase.outputs = vec![output(value, 7); 2];
        ledger.commit(&mut block);
        let (now_ms, block) = (block.header.time, block.mine_trivial());
        assert_eq!(ledger.judge(block, now_ms).unwrap_err().rule(), rule);
    }
}

#[test]
fn a_reward_is_spent_when_it_is_mature_and_not_a_block_before() {
    let mut ledger = ledger();
    let reward = OutPoint { txid: ledger.tip().coinbase.txid(), vout: 0 };
    let subsidy = ledger.params().subsidy(ledger.height());
    let spend = transaction(&ledger, &[reward], &[output(subsidy, 1)]);
    let maturity = ledger.params().spec().coinbase_maturity;
    for _ in 1..maturity {
        assert_eq!(broken_rule(&ledger, vec![spend.clone()]), Some(Rule::CoinbaseMaturity));
        ledger.extend(Vec::new(), classroom::owner(7));
    }
    assert_eq!(broken_rule(&ledger, vec![spend]), None);
}

#[test]
fn a_block_cannot_spend_its_own_reward() {
    let ledger = ledger();
    let mut block = ledger.next_block(Vec::new(), classroom::owner(0));
    let reward = OutPoint { txid: block.coinbase.txid(), vout: 0 };
    let outputs = block.coinbase.outputs.clone();
    block.transactions = vec![Transaction { version: 1, inputs: vec![reward], outputs, signatures: Vec::new() }];
    ledger.sign(&mut block);
    ledger.commit(&mut block);
    let (now_ms, block) = (block.header.time, block.mine_trivial());
    assert_eq!(ledger.judge(block, now_ms).unwrap_err().rule(), Rule::CoinbaseMaturity);
}

#[test]
fn rejects_another_body_without_blaming_the_header() {
    // who forwards a block can swap two signatures of one owner: other bytes, but not those of the header
    let mut ledger = ledger();
    let (outpoint, coin) = first_coin(&ledger, 0);
    let half = Amount::from_grains(coin.value.grains() / 2);
    let split = transaction(&ledger, &[outpoint], &[output(half, 0), output(half, 0)]);
    let halves = [0, 1].map(|vout| OutPoint { txid: split.txid(), vout });
    ledger.extend(vec![split], classroom::owner(7));
    let mut payment = transaction(&ledger, &halves, &[output(coin.value, 1)]);
    // the same message, so any two signatures of the owner can change places
    let spent = [output(half, 0); 2];
    let message = sighash(ledger.params().genesis_hash(), payment.txid(), spent);
    payment.signatures[1] = classroom::key(0).sign_with(message.as_bytes(), &[1; 32]);
    assert_ne!(payment.signatures[0], payment.signatures[1]);
    let block = ledger.next_block(vec![payment], classroom::owner(7));
    let mut swapped = block.clone();
    swapped.transactions[0].signatures.swap(0, 1);
    let now_ms = block.header.time;
    assert_eq!(swapped.hash(), block.hash());
    assert_eq!(ledger.judge(swapped, now_ms).unwrap_err().rule(), Rule::MerkleRoot);
    assert!(ledger.judge(block, now_ms).is_ok());
}

#[test]
fn a_reward_is_paid_to_the_grain_and_not_burnt() {
    let ledger = ledger();
    let mut block = ledger.next_block(Vec::new(), classroom::owner(7));
    block.coinbase.outputs[0].value = block.coinbase.outputs[0].value.checked_sub(GRAIN).unwrap();
    ledger.commit(&mut block);
    let (now_ms, block) = (block.header.time, block.mine_trivial());
    assert_eq!(ledger.judge(block, now_ms).unwrap_err().rule(), Rule::CoinbaseAmount);
}

#[test]
fn chain_reopens_with_a_body_whose_parent_is_missing() {
    let mut ledger = TestLedger::new(ChainParams::regtest());
    let blocks: Vec<_> = (0..3).map(|_| ledger.extend(Vec::new(), classroom::owner(0))).collect();
    let now_ms = ledger.tip().header.time;
    let mut chain = Chain::in_memory(ChainParams::regtest());
    for block in &blocks {
        chain.insert_header(&block.header, now_ms).unwrap();
    }
    chain.apply(blocks[2].clone(), now_ms).unwrap();
    let mut opened = Chain::open(ChainParams::regtest(), chain.into_store()).unwrap();
    for block in blocks {
        opened.apply(block, now_ms).unwrap();
    }
    assert_eq!(opened.tip().hash, ledger.tip_hash());
}
