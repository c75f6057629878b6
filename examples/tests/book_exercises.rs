//! Solutions of the exercises in docs/book: one test for each chapter, in the chapters' order.

use std::{error::Error, time::Duration};

use toycoin_core::{
    Amount, Applied, Block, Chain, ChainParams, CompactTarget, FeeRate, InclusionProof, NetworkSpec, Rule, SecretKey,
    Transaction, TransactionBuilder, TxOut, Work,
    consensus::{HeaderContext, PlainVerifier},
    filter::{BlockFilter, FilterItem},
    sighash,
    state::ChainState,
    store::{ChainStore as _, MemoryStore},
    utxo::Coin,
    wallet::{PaymentStatus, Wallet},
};
use toycoin_node::{
    machine::{Machine as _, Now},
    mempool::{Mempool, MempoolConfig},
    relay::{ConnectionId, RelayConfig, RelayInput, RelayMachine, Source},
};
use toycoin_pow::{NonceRange, Outcome, Search};
use toycoin_sim::{
    Simulation,
    adversary::{Flaw, InvalidBlocks},
};
use toycoin_wire::{
    ChannelRef, FrameDecoder, NodeId, Reader,
    relay::{Hello, Publish, RelayMessage},
};

type Solved = Result<(), Box<dyn Error>>;

/// Unix time in milliseconds, some minutes after the first block.
const NOW_MS: u64 = 1_767_226_000_000;

/// Mines a block on the tip of a chain of regtest, and applies it.
fn mine(chain: &mut Chain<MemoryStore>, transactions: Vec<Transaction>) -> Result<Block, Box<dyn Error>> {
    let miner = SecretKey::classroom(3).public_key();
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, miner, b"exercise", time)?.mine_trivial();
    chain.apply(block.clone(), time)?;
    Ok(block)
}

/// Classroom wallet `from` pays `to` from its coins on the chain.
fn pay(chain: &Chain<MemoryStore>, from: u32, to: u32, amount: &str, rate: u64) -> Result<Transaction, Box<dyn Error>> {
    let (payer, payee) = (SecretKey::classroom(from), SecretKey::classroom(to));
    let payment = TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&payer.public_key())?)
        .pay(chain.params().address(payee.public_key()), amount.parse()?)
        .fee_rate(FeeRate::grains_per_byte(rate));
    Ok(payment.sign(&payer)?)
}

/// Chapter 1: add up the first coins of `lab`, and compare the sum with the money issued.
#[test]
fn first_coins_add_up_to_the_money_issued() -> Solved {
    let chain = Chain::in_memory(ChainParams::lab());
    let mut sum = Amount::ZERO;
    for index in 0..4 {
        for (_, coin) in chain.coins_of(&SecretKey::classroom(index).public_key())? {
            sum = sum.checked_add(coin.output.value).ok_or("the sum does not fit")?;
        }
    }
    assert_eq!(sum, Amount::from_toycoins(185)?);
    assert_eq!(sum, chain.state().issued);
    Ok(())
}

/// Chapter 2: spend the coins of two owners in one transaction, which both must sign.
#[test]
fn payment_from_two_owners_needs_both_signatures() -> Solved {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let owners = [SecretKey::classroom(0), SecretKey::classroom(1)];
    let (mut inputs, mut spent) = (Vec::new(), Vec::new());
    for key in &owners {
        let (outpoint, coin) = chain.coins_of(&key.public_key())?[0];
        inputs.push(outpoint);
        spent.push(coin.output);
    }
    let outputs = vec![TxOut { value: Amount::from_toycoins(150)?, owner: SecretKey::classroom(2).public_key() }];
    let mut payment = Transaction { version: 1, inputs, outputs, signatures: Vec::new() };
    let message = sighash(chain.params().genesis_hash(), payment.txid(), spent);

    payment.signatures = vec![owners[0].sign(message.as_bytes()); 2];
    // a template does not look at signatures: who offers transactions has verified them
    let miner = SecretKey::classroom(3).public_key();
    let forged = chain.template(vec![payment.clone()], miner, b"", NOW_MS)?.mine_trivial();
    assert_eq!(chain.apply(forged, NOW_MS).unwrap_err().rule(), Some(Rule::Signature));

    payment.signatures = owners.iter().map(|key| key.sign(message.as_bytes())).collect();
    let block = chain.template(vec![payment], miner, b"", NOW_MS)?.mine_trivial();
    assert!(matches!(chain.apply(block, NOW_MS)?, Applied::Extended { height: 1 }));
    Ok(())
}

/// Chapter 3: prove that a payment is in a block, with the header alone on the other side.
#[test]
fn inclusion_proof_holds_under_its_own_header_alone() -> Solved {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let payment = pay(&chain, 0, 1, "3", 1)?;
    let (txid, wtxid) = (payment.txid(), payment.wtxid());
    let block = mine(&mut chain, vec![payment])?;
    let next = mine(&mut chain, Vec::new())?;

    let proof = InclusionProof::build(&block.transaction_ids(), 1).ok_or("the block has two transactions")?;
    assert!(proof.verify(block.header.merkle_root, txid, wtxid));
    assert!(!proof.verify(next.header.merkle_root, txid, wtxid), "another block");
    let first = InclusionProof { index: 0, ..proof };
    assert!(!first.verify(block.header.merkle_root, txid, wtxid), "another place in the block");
    Ok(())
}

/// Chapter 4: find a nonce twice, with a plain loop and with the search of the miner threads.
#[test]
fn search_and_plain_loop_find_the_same_lowest_nonce() -> Solved {
    let chain = Chain::in_memory(ChainParams::regtest());
    for number in 0..32 {
        let block = chain.template(Vec::new(), SecretKey::classroom(number).public_key(), b"", NOW_MS)?;
        let outcome = Search::new(&block.header)?.run(NonceRange::new(0, 1_000));
        let Outcome::Found { nonce, hashes } = outcome else { return Err("one of two hashes is enough".into()) };
        assert_eq!(block.mine_trivial().header.nonce, nonce);
        assert_eq!(hashes, nonce + 1, "every nonce below was tried in vain");
    }
    Ok(())
}

/// Chapter 5: on `lab`, let each block take 1 s instead of 2 s, and count the blocks until the work doubles.
#[test]
fn work_doubles_after_forty_blocks_at_twice_the_pace() -> Solved {
    let lab = ChainParams::lab();
    let first = lab.genesis().header;
    let mut context = HeaderContext::after_genesis(&lab);
    let work = |context: &HeaderContext| -> Result<f64, Box<dyn Error>> {
        Ok(context.expected_bits(&lab).to_target()?.work().to_f64())
    };
    let before = work(&context)?;
    let mut blocks = 0;
    while work(&context)? < 2.0 * before {
        let mut child = first;
        child.bits = context.expected_bits(&lab);
        child.height = context.height + 1;
        child.time = context.time + 1_000;
        context.extend(&child, child.hash());
        blocks += 1;
    }
    // blocks 1 and 2 have the bits of genesis, and compact targets are rounded
    assert!((40..=43).contains(&blocks), "{blocks} blocks");
    Ok(())
}

/// Chapter 6: three quick blocks have more work than four slow ones, and replace them.
#[test]
fn shorter_branch_with_more_work_becomes_active() -> Solved {
    // the times of lab, and targets that a plain loop meets
    let spec = NetworkSpec {
        name: "exercise".into(),
        genesis_bits: CompactTarget::from_bits(0x2003_ffff),
        limit_bits: CompactTarget::from_bits(0x207f_ffff),
        extra: b"exercise of chapter 6".to_vec(),
        ..ChainParams::lab().spec().clone()
    };
    let params = ChainParams::new(spec)?;
    let branch = |blocks: u64, spacing_ms: u64| -> Result<(Vec<Block>, Work), Box<dyn Error>> {
        let mut chain = Chain::in_memory(params.clone());
        let mut mined = Vec::new();
        for _ in 0..blocks {
            let time = chain.tip().time + spacing_ms;
            let block = chain.template(Vec::new(), SecretKey::classroom(3).public_key(), b"", time)?.mine_trivial();
            chain.apply(block.clone(), time)?;
            mined.push(block);
        }
        Ok((mined, chain.tip().work))
    };
    let (quick, most_work) = branch(3, 2_000)?;
    let (slow, less_work) = branch(4, 82_000)?;
    assert!(less_work < most_work, "difficulty fell while blocks came late");

    let mut chain = Chain::in_memory(params.clone());
    for block in slow {
        chain.apply(block, NOW_MS)?;
    }
    assert_eq!((chain.height(), chain.tip().work), (4, less_work));
    for block in quick {
        chain.apply(block, NOW_MS)?;
    }
    assert_eq!((chain.height(), chain.tip().work), (3, most_work), "one block fewer, and it counts");
    Ok(())
}

/// Chapter 7: a child that pays well takes its poor parent along into the next block (CPFP).
#[test]
fn well_paid_child_takes_its_poor_parent_along() -> Solved {
    let chain = Chain::in_memory(ChainParams::regtest());
    let config = MempoolConfig { min_fee_rate: FeeRate::ZERO, max_bytes: 100_000 };
    let mut mempool = Mempool::new(chain.params().clone(), config);

    let poor = pay(&chain, 0, 2, "3", 0)?;
    let rival = pay(&chain, 1, 2, "3", 5)?;
    // the child spends the payment that wallet 2 was given by the poor parent
    let (outpoint, output) = poor.outpoints(poor.txid()).next().ok_or("a payment has an output")?;
    let payee = SecretKey::classroom(2);
    let child = TransactionBuilder::new(chain.params())
        .spend([(outpoint, Coin { output: *output, coinbase_height: 0 })])
        .pay(chain.params().address(payee.public_key()), "1".parse()?)
        .fee_rate(FeeRate::grains_per_byte(20))
        .sign(&payee)?;
    for transaction in [&poor, &rival, &child] {
        mempool.submit(transaction.clone(), None, chain.store(), 1, &PlainVerifier)?;
    }

    let package = poor.size() + child.size();
    let chosen: Vec<_> = mempool.select(package).iter().map(|transaction| transaction.txid()).collect();
    assert_eq!(chosen, [poor.txid(), child.txid()], "about 10 grains per byte together, the rival pays 5");
    Ok(())
}

/// Chapter 8: one miner of four pays itself too much. Nobody follows, and everybody else agrees.
#[test]
fn network_refuses_blocks_with_too_much_subsidy() -> Solved {
    let run = Simulation::builder(8)
        .nodes(4)
        .adversary(3, InvalidBlocks::new(Flaw::WrongSubsidy, 0))
        .run_for(Duration::from_secs(120))?;
    assert!(run.statistics.blocks_rejected > 0, "somebody was shown such a block");
    assert!(run.statistics.mutes > 0, "and stopped listening to whoever sent it");
    assert!(run.converged());
    Ok(())
}

/// Chapter 9: a subscriber that reads nothing loses the oldest messages, and is told how many.
#[test]
fn slow_subscriber_is_told_how_many_it_missed() -> Solved {
    let mut relay = RelayMachine::new(RelayConfig { queue_deliveries: 3, ..RelayConfig::default() });
    let channel = ChannelRef::new("/topic/main")?;
    for number in [1, 2] {
        let connection = ConnectionId(u64::from(number));
        let node_id = NodeId::new([number; 16]);
        let mut bytes = RelayMessage::Hello(Hello { node_id, agent: "exercise" }).to_frame()?;
        RelayMessage::Subscribe(channel).append_frame(&mut bytes)?;
        relay.handle(Now::default(), RelayInput::Connected { connection, source: Source::Connection(connection) });
        relay.handle(Now::default(), RelayInput::Received { connection, bytes: &bytes });
    }
    for number in 0..10 {
        let publish = Publish { channel, to: None, payload: &[number] };
        let bytes = RelayMessage::Publish(publish).to_frame()?;
        relay.handle(Now::default(), RelayInput::Received { connection: ConnectionId(1), bytes: &bytes });
    }

    let bytes = relay.next_write(ConnectionId(2), 1 << 16).concat();
    let (mut missed, mut delivered) = (0, Vec::new());
    let (mut decoder, mut input) = (FrameDecoder::new(Reader::Client), bytes.as_slice());
    while let Some(frame) = decoder.next_frame(&mut input)? {
        match RelayMessage::decode(frame)? {
            RelayMessage::Lagged(count) => missed += count,
            RelayMessage::Deliver(delivery) => delivered.extend_from_slice(delivery.payload),
            _ => {}
        }
    }
    assert_eq!(missed, 7);
    assert_eq!(delivered, [7, 8, 9]);
    Ok(())
}

/// Chapter 10: a reorganisation makes a confirmed payment pending again, and its coins stay set aside.
#[test]
fn confirmed_payment_is_pending_again_after_a_reorg() -> Solved {
    let (mut chain, mut branch) = (Chain::in_memory(ChainParams::regtest()), Chain::in_memory(ChainParams::regtest()));
    let mut alice = Wallet::new(chain.params().clone(), SecretKey::classroom(0));
    let bob = chain.params().address(SecretKey::classroom(1).public_key());
    let payment = alice.pay(bob, "3".parse()?, FeeRate::ZERO)?;
    let confirming = mine(&mut chain, vec![payment.clone()])?;
    alice.connect(&confirming)?;
    let status = |wallet: &Wallet| wallet.payment(&payment.txid()).map(|payment| payment.status.clone());
    assert!(matches!(status(&alice), Some(PaymentStatus::Confirmed { height: 1, .. })));

    for block in [mine(&mut branch, Vec::new())?, mine(&mut branch, Vec::new())?] {
        if let Applied::Reorganised { disconnected, connected } = chain.apply(block, NOW_MS)? {
            for hash in disconnected {
                alice.disconnect(chain.block(&hash)?.ok_or("bodies are kept")?.block())?;
            }
            for hash in connected {
                alice.connect(chain.block(&hash)?.ok_or("bodies are kept")?.block())?;
            }
        }
    }
    assert_eq!((alice.tip(), alice.height()), (branch.tip().hash, 2));
    assert_eq!(status(&alice), Some(PaymentStatus::Pending));
    assert_eq!(alice.balance().reserved, Amount::from_toycoins(100)?);
    assert_eq!(alice.balance().available, Amount::ZERO);
    Ok(())
}

/// Chapter 11: recompute the state root of the tip from all coins and all ancestors.
#[test]
fn state_root_is_recomputed_from_coins_and_ancestors() -> Solved {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let payment = pay(&chain, 0, 1, "3", 1)?;
    mine(&mut chain, vec![payment])?;
    mine(&mut chain, Vec::new())?;

    let mut state = ChainState::default();
    chain.store().visit_coins(&mut |outpoint, coin| {
        state.utxo_hash.add(outpoint, coin);
        state.coin_count += 1;
        state.issued = state.issued.saturating_add(coin.output.value);
    })?;
    let mut work = Work::ZERO;
    for height in 0..chain.height() {
        let ancestor = chain.header_at(height).ok_or("a chain without gaps")?;
        work = work + ancestor.header.bits.to_target()?.work();
        state.ancestors.push(ancestor.hash, work);
    }
    assert_eq!(state.root(), chain.state_root());
    // four first coins, one of them spent; a payment, its change, and two rewards
    assert_eq!(state.coin_count, 7);
    assert_eq!(state.issued, Amount::from_toycoins(185 + 2 * 50)?);
    Ok(())
}

/// Chapter 12: a filter alone tells whom its block pays.
#[test]
fn a_filter_tells_whose_block_it_is() -> Solved {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let payment = pay(&chain, 0, 1, "3", 1)?;
    mine(&mut chain, vec![payment])?;
    let block = chain.block_at(1)?.ok_or("it was mined")?;

    let filter = BlockFilter::of(block.block());
    let owner = |index| FilterItem::Owner(SecretKey::classroom(index).public_key());
    assert!(filter.matches(&[owner(1)])?, "it pays key 1");
    assert!(!filter.matches(&[owner(40)])?, "and nobody called key 40");
    let spent = FilterItem::Spent(block.block().transactions[0].inputs[0]);
    assert!(filter.matches(&[owner(40), spent])?, "one item that is in it is enough");
    Ok(())
}

/// Chapter 13: whoever has most of the work can take a confirmed payment back, and no rule is broken.
#[test]
fn majority_takes_back_a_payment_with_three_confirmations() -> Solved {
    let mut chain = Chain::in_memory(ChainParams::regtest());
    let mut secret = Chain::in_memory(ChainParams::regtest());
    let payment = pay(&chain, 0, 1, "90", 1)?;
    let to_myself = pay(&secret, 0, 0, "90", 2)?;

    let paid = mine(&mut chain, vec![payment.clone()])?;
    mine(&mut chain, Vec::new())?;
    mine(&mut chain, Vec::new())?;
    assert_eq!(chain.confirmations(&paid.hash()), Some(3), "the goods are handed over");

    let mut branch = vec![mine(&mut secret, vec![to_myself.clone()])?];
    for _ in 0..3 {
        branch.push(mine(&mut secret, Vec::new())?);
    }
    for block in branch {
        chain.apply(block, NOW_MS)?;
    }
    assert_eq!(chain.tip().hash, secret.tip().hash);
    assert_eq!(chain.confirmations(&paid.hash()), None);
    assert_eq!(chain.find_transaction(&payment.txid())?, None);
    assert!(chain.find_transaction(&to_myself.txid())?.is_some());
    Ok(())
}
