//! Properties of the ledger over random chains, fork trees and graphs of payments.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};
use toycoin_core::{
    Address, AddressPrefix, Amount, Applied, BlockHash, Chain, ChainParams, CompactTarget, Header, NetworkSpec,
    OutPoint, PublicKey, Rule, Target, TxOut, Txid, Work, asert,
    chain::Advance,
    consensus::check_header,
    state::LtHash,
    store::{ChainStore, MemoryStore},
    test_util::{
        Scene, TestLedger,
        strategies::{self, ForkTree},
    },
    utxo::{Coin, UtxoDiff},
};

/// Applies a change to a plain map, and says whether what it takes away was there.
fn change(coins: &mut BTreeMap<OutPoint, Coin>, diff: &UtxoDiff) -> bool {
    let taken = diff.spent().all(|(outpoint, coin)| coins.remove(outpoint) == Some(*coin));
    taken && diff.created().all(|(outpoint, coin)| coins.insert(*outpoint, *coin).is_none())
}

/// Returns the places of a tree in an order drawn from keys.
fn shuffled(len: usize, keys: &[u32]) -> Vec<usize> {
    let mut order: Vec<_> = (0..len).collect();
    order.sort_by_key(|place| (keys.get(*place), *place));
    order
}

/// The engine's rule in the words of docs/consensus.md, over whole chains: most work among those that are complete and
/// valid, of equals the one that was complete first.
struct Model<'a> {
    tree: &'a ForkTree,
    here: Vec<bool>,
    /// The tip's place, `None` for genesis.
    tip: Option<usize>,
}

impl<'a> Model<'a> {
    fn new(tree: &'a ForkTree) -> Self {
        Self { tree, here: vec![false; tree.blocks().len()], tip: None }
    }

    fn complete(&self, place: usize) -> bool {
        let node = &self.tree.blocks()[place];
        self.here[place] && node.valid && node.parent.is_none_or(|parent| self.complete(parent))
    }

    fn work(&self, place: Option<usize>) -> Work {
        let genesis = || TestLedger::new(self.tree.params().clone()).work();
        place.map_or_else(genesis, |place| self.tree.blocks()[place].ledger.work())
    }

    /// Takes a body; returns the tips that may now be active, of which there are several only if one body completed
    /// several branches of equal work.
    fn arrived(&mut self, place: usize) -> Vec<Option<usize>> {
        self.here[place] = true;
        let complete: Vec<_> = (0..self.here.len()).filter(|place| self.complete(*place)).map(Some).collect();
        let most = complete.iter().map(|place| self.work(*place)).max().unwrap_or_default();
        if most <= self.work(self.tip) {
            return vec![self.tip];
        }
        complete.into_iter().filter(|place| self.work(*place) == most).collect()
    }
}

fn tip_of(tree: &ForkTree, chain: &Chain<MemoryStore>) -> Option<usize> {
    tree.blocks().iter().position(|node| node.hash == chain.tip().hash)
}

/// Asserts that a chain is in every respect the one that ends in a block of the tree, recomputed from genesis.
fn assert_is_recomputed(tree: &ForkTree, tip: Option<usize>, chain: &Chain<MemoryStore>) {
    let recomputed = match tip {
        Some(place) => tree.replay(place).expect("the tip of a valid chain"),
        None => TestLedger::new(tree.params().clone()),
    };
    assert_eq!(chain.tip().hash, recomputed.tip_hash());
    assert_eq!(chain.tip().work, recomputed.work());
    assert_eq!(chain.state(), &recomputed.recount());
    assert_eq!(chain.state_root(), recomputed.tip().header.state_root);
    let audit = chain.audit().expect("memory does not fail");
    assert!(audit.holds);
    assert_eq!(audit.coins, recomputed.coins().len() as u64);
    for (outpoint, coin) in recomputed.coins() {
        assert_eq!(chain.coin(outpoint), Ok(Some(*coin)));
    }
    let mut places = BTreeMap::new();
    for block in recomputed.blocks().iter().skip(1) {
        let (hash, height) = (block.hash(), block.header.height);
        assert_eq!(chain.header_at(height).map(|entry| entry.hash), Some(hash));
        places.extend((0..).zip(block.transaction_ids()).map(|(place, (txid, _))| (txid, (hash, place))));
    }
    for node in tree.blocks() {
        for (txid, _) in node.block.transaction_ids() {
            assert_eq!(
                chain.find_transaction(&txid),
                Ok(places.get(&txid).copied()),
                "what left the chain is not found"
            );
        }
        let on_chain = recomputed.blocks().iter().any(|block| block.hash() == node.hash);
        assert_eq!(chain.is_active(&node.hash), on_chain);
        assert_eq!(chain.store().undo(&node.hash).map(|undo| undo.is_some()), Ok(on_chain));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_valid_chain_is_valid_and_its_state_is_what_a_recount_gives(ledger in strategies::valid_chain(1..30)) {
        let blocks = ledger.blocks().iter().skip(1).map(AsRef::as_ref);
        let replayed = TestLedger::replay(ledger.params().clone(), blocks, ledger.tip().header.time + 60_000).unwrap();
        prop_assert_eq!(replayed.state(), ledger.state());
        prop_assert_eq!(&replayed.recount(), ledger.state());
        prop_assert_eq!(ledger.tip().header.state_root, ledger.state().root());
        let made: Amount = (1..=ledger.height()).map(|height| ledger.params().subsidy(height)).sum();
        let first: Amount = ledger.params().spec().allocations.iter().map(|output| output.value).sum();
        prop_assert_eq!(ledger.state().issued, made.checked_add(first).unwrap());
    }

    #[test]
    fn undo_after_connect_is_the_identity(ledger in strategies::valid_chain(1..20)) {
        let mut at = TestLedger::new(ledger.params().clone());
        for block in ledger.blocks().iter().skip(1) {
            let before = at.clone();
            let connected = at.push(block.as_ref().clone(), block.header.time).unwrap();

            let mut coins = before.coins().clone();
            prop_assert!(change(&mut coins, connected.diff()));
            prop_assert_eq!(&coins, at.coins());
            prop_assert_eq!(connected.state(), at.state());

            let inverse = connected.diff().clone().inverse();
            prop_assert!(change(&mut coins, &inverse));
            prop_assert_eq!(&coins, before.coins());
            let mut state = connected.state().clone();
            state.apply(&inverse);
            state.ancestors.pop(connected.merged());
            prop_assert_eq!(&state, before.state());

            let mut both = connected.diff().clone();
            both.append(&inverse);
            prop_assert!(both.is_empty(), "a change and its inverse are no change");
        }
    }

    #[test]
    fn changes_of_many_blocks_compose(ledger in strategies::valid_chain(1..20), cut in any::<Index>()) {
        let mut at = TestLedger::new(ledger.params().clone());
        let cut = cut.index(ledger.blocks().len());
        let (mut whole, mut from_cut, mut at_cut) = (UtxoDiff::default(), UtxoDiff::default(), at.clone());
        for (place, block) in ledger.blocks().iter().enumerate().skip(1) {
            let diff = at.push(block.as_ref().clone(), block.header.time).unwrap().diff().clone();
            whole.append(&diff);
            if place <= cut {
                at_cut = at.clone();
            } else {
                from_cut.append(&diff);
            }
        }
        let mut coins = TestLedger::new(ledger.params().clone()).coins().clone();
        prop_assert!(change(&mut coins, &whole));
        prop_assert_eq!(&coins, ledger.coins());
        let mut coins = at_cut.coins().clone();
        prop_assert!(change(&mut coins, &from_cut));
        prop_assert_eq!(&coins, ledger.coins());
        prop_assert!(change(&mut coins, &from_cut.inverse()));
        prop_assert_eq!(&coins, at_cut.coins());
    }

    #[test]
    fn payment_graph_fits_one_block_without_its_conflicts(
        graph in strategies::transaction_graph(1..12),
    ) {
        let judge = |transactions| {
            let block = graph.ledger.next_block(transactions, PublicKey::ZERO);
            let now_ms = block.header.time;
            graph.ledger.judge(block, now_ms)
        };
        prop_assert!(judge(graph.transactions.clone()).is_ok());
        for conflict in &graph.conflicts {
            let mut both = graph.transactions.clone();
            both.push(conflict.clone());
            prop_assert_eq!(judge(both).unwrap_err().rule(), Rule::DuplicateInputInBlock);
        }
    }

    #[test]
    fn fork_tree_in_any_order_ends_in_the_recomputed_state(
        tree in strategies::fork_tree_with_cheats(1..40),
        keys in prop::collection::vec(any::<u32>(), 40),
    ) {
        let mut chain = Chain::in_memory(tree.params().clone());
        // headers first, so that bodies may come in any order
        for node in tree.blocks() {
            prop_assert!(chain.insert_header(&node.block.header, tree.now_ms()).unwrap());
        }
        let mut model = Model::new(&tree);
        for place in shuffled(tree.blocks().len(), &keys) {
            let node = &tree.blocks()[place];
            // an invalid block, or one on top of it, is refused at once or when its turn comes
            let applied = chain.apply(node.block.clone(), tree.now_ms());
            prop_assert!(applied.is_ok() || !node.valid, "{place}: {applied:?}");
            let allowed = model.arrived(place);
            let tip = tip_of(&tree, &chain);
            prop_assert!(allowed.contains(&tip), "after {place} the tip is {tip:?}, not one of {allowed:?}");
            model.tip = tip;
        }
        assert_is_recomputed(&tree, model.tip, &chain);
    }

    #[test]
    fn reopened_chain_goes_on_as_if_it_had_never_stopped(
        tree in strategies::fork_tree_with_cheats(1..30),
        cut in any::<Index>(),
    ) {
        let mut stopped = Chain::in_memory(tree.params().clone());
        let mut straight = Chain::in_memory(tree.params().clone());
        let cut = cut.index(tree.blocks().len());
        for (place, node) in tree.blocks().iter().enumerate() {
            if place == cut {
                stopped = Chain::open(tree.params().clone(), stopped.into_store()).unwrap();
            }
            for chain in [&mut stopped, &mut straight] {
                let applied = chain.apply(node.block.clone(), tree.now_ms());
                prop_assert!(applied.is_ok() || !node.valid, "{place}: {applied:?}");
            }
            prop_assert_eq!(stopped.tip(), straight.tip());
            prop_assert_eq!(stopped.state(), straight.state());
        }
    }

    #[test]
    fn first_complete_branch_with_the_most_work_wins(
        tree in strategies::fork_tree(2..30),
    ) {
        let mut chain = Chain::in_memory(tree.params().clone());
        let mut first: Option<usize> = None;
        for (place, node) in tree.blocks().iter().enumerate() {
            chain.insert_block(node.block.clone(), tree.now_ms()).unwrap();
            let best = first.map(|first| tree.blocks()[first].ledger.work());
            if best.is_none_or(|best| node.ledger.work() > best) {
                first = Some(place);
            }
        }
        while !matches!(chain.advance().unwrap(), Advance::Idle) {}
        assert_is_recomputed(&tree, first, &chain);
    }

    #[test]
    fn fork_tree_of_blocks_alone_ends_in_the_same_state(
        tree in strategies::fork_tree(1..40),
        keys in prop::collection::vec(any::<u32>(), 40),
    ) {
        let mut chain = Chain::in_memory(tree.params().clone());
        let mut model = Model::new(&tree);
        let mut waiting = shuffled(tree.blocks().len(), &keys);
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|place| match chain.apply(tree.blocks()[*place].block.clone(), tree.now_ms()) {
                Err(error) => {
                    assert!(error.rule().is_none(), "{error}");
                    true
                }
                Ok(applied) => {
                    assert!(!matches!(applied, Applied::Known));
                    let allowed = model.arrived(*place);
                    model.tip = tip_of(&tree, &chain);
                    assert!(allowed.contains(&model.tip), "the tip is {:?}, not one of {allowed:?}", model.tip);
                    false
                }
            });
            prop_assert!(waiting.len() < before, "each round some block finds its parent");
        }
        assert_is_recomputed(&tree, model.tip, &chain);

        // and the store holds what was built, for whoever opens it again
        let params = tree.params().clone();
        let opened = Chain::open(params, chain.into_store()).unwrap();
        assert_is_recomputed(&tree, model.tip, &opened);
    }
}

proptest! {
    #[test]
    fn changed_header_byte_changes_the_hash_and_breaks_a_rule(at in 0..Header::SIZE, flip in 1..=255u8) {
        let scene = Scene::new(ChainParams::regtest());
        let header = scene.block.header;
        let mut bytes = header.to_bytes();
        bytes[at] ^= flip;
        let changed = Header::from_bytes(&bytes);
        prop_assert_eq!(changed.to_bytes(), bytes);
        prop_assert_ne!(changed.hash(), header.hash());

        let mut block = scene.block.clone();
        block.header = changed;
        let verdict = scene.ledger.judge(block, scene.now_ms);
        // time and nonce are the miner's to choose, and on regtest every second hash is good enough
        let free = (80..88).contains(&at) || (120..128).contains(&at);
        prop_assert!(verdict.is_err() || free, "byte {at}");
    }

    #[test]
    fn amounts_are_read_as_they_are_shown(grains in 0..=Amount::MAX_MONEY.grains()) {
        let amount = Amount::from_grains(grains);
        prop_assert_eq!(amount.to_string().parse(), Ok(amount));
    }

    #[test]
    fn amounts_add_up_as_unbounded_numbers_do(grains in prop::collection::vec(any_grains(), 0..6)) {
        let amounts = || grains.iter().copied().map(Amount::from_grains);
        let exact: u128 = grains.iter().map(|grains| u128::from(*grains)).sum();
        let in_range = exact <= u128::from(Amount::MAX_MONEY.grains());
        prop_assert_eq!(Amount::sum_in_range(amounts()).map(|sum| u128::from(sum.grains())), in_range.then_some(exact));
        let sum: Amount = amounts().sum();
        prop_assert_eq!(u128::from(sum.grains()), exact.min(u128::from(u64::MAX)));
    }

    #[test]
    fn amounts_add_and_subtract_without_loss_or_not_at_all(one in any_grains(), other in any_grains()) {
        let (a, b) = (Amount::from_grains(one), Amount::from_grains(other));
        prop_assert_eq!(a.checked_add(b).map(Amount::grains), one.checked_add(other));
        prop_assert_eq!(a.checked_sub(b).map(Amount::grains), one.checked_sub(other));
        if let Some(sum) = a.checked_add(b) {
            prop_assert_eq!(sum.checked_sub(b), Some(a));
        }
    }

    #[test]
    fn compact_form_rounds_a_target_down_once(target in any_target()) {
        let compact = target.to_compact();
        let rounded = compact.to_target().unwrap();
        prop_assert!(rounded <= target);
        prop_assert!(compact.is_canonical());
        prop_assert_eq!(rounded.to_compact(), compact);
        // at least 16 bits are kept: the loss is below 2^-15 of the target
        let (kept, whole) = (rounded.work().to_f64(), target.work().to_f64());
        prop_assert!(kept >= whole && kept <= whole * (1.0 + 1.0 / 32_767.0) + 1.0, "{kept} {whole}");
    }

    #[test]
    fn bits_that_are_a_target_are_that_target_in_canonical_form_too(bits in any::<u32>()) {
        let bits = CompactTarget::from_bits(bits);
        if let Ok(target) = bits.to_target() {
            prop_assert_eq!(target.to_compact().to_target(), Ok(target));
            prop_assert_eq!(bits.is_canonical(), target.to_compact() == bits);
        } else {
            prop_assert!(!bits.is_canonical());
        }
    }

    #[test]
    fn a_smaller_target_is_no_less_work_and_is_met_by_fewer_hashes(
        one in any_target(),
        other in any_target(),
        hash in any::<[u8; 32]>(),
    ) {
        let (smaller, greater) = (one.min(other), one.max(other));
        prop_assert!(smaller.work() >= greater.work());
        let hash = BlockHash::from_bytes(hash);
        prop_assert!(!smaller.is_met_by(&hash) || greater.is_met_by(&hash));
    }

    #[test]
    fn a_later_block_makes_the_next_one_no_harder(
        anchor in any_target(),
        times in prop::array::uniform2(-1_000_000_000..1_000_000_000i64),
        intervals in 0..1_000u64,
    ) {
        let limit = CompactTarget::from_bits(0x207f_ffff).to_target().unwrap();
        let next = |elapsed| {
            let bits = asert(anchor, elapsed, intervals, 2_000, 40_000, limit);
            assert!(bits.is_canonical());
            bits.to_target().unwrap()
        };
        let [one, other] = times;
        prop_assert!(next(one.min(other)) <= next(one.max(other)));
        prop_assert!(next(one) <= limit);
        let on_schedule = i64::try_from(2_000 * intervals).unwrap();
        prop_assert_eq!(next(on_schedule).to_compact(), anchor.min(limit).to_compact());
    }

    #[test]
    fn the_hash_of_a_set_of_coins_knows_no_order(
        coins in prop::collection::vec(any_coin(), 0..20),
        keys in prop::collection::vec(any::<u32>(), 20),
        cut in any::<Index>(),
    ) {
        let sum = |order: &[usize]| {
            let mut sum = LtHash::default();
            order.iter().for_each(|place| sum.add(&coins[*place].0, &coins[*place].1));
            sum
        };
        let straight: Vec<_> = (0..coins.len()).collect();
        let order = shuffled(coins.len(), &keys);
        prop_assert_eq!(sum(&straight), sum(&order));

        // taken away in any order too, and in two parts
        let (gone, left) = order.split_at(cut.index(coins.len() + 1));
        let mut rest = sum(&straight);
        gone.iter().for_each(|place| rest.remove(&coins[*place].0, &coins[*place].1));
        prop_assert_eq!(&rest, &sum(left));
        rest.combine(&sum(gone));
        prop_assert_eq!(&rest, &sum(&straight));
        prop_assert_eq!(LtHash::from_bytes(&rest.to_bytes()), rest);
    }

    #[test]
    fn another_set_of_coins_has_another_hash(coin in any_coin(), other in any_coin()) {
        let sum = |(outpoint, coin): &(OutPoint, Coin)| {
            let mut sum = LtHash::default();
            sum.add(outpoint, coin);
            sum.digest()
        };
        prop_assert_eq!(sum(&coin) == sum(&other), coin == other);
    }

    #[test]
    fn address_round_trips_and_rejects_a_changed_character(
        owner in any::<[u8; 32]>(),
        at in any::<Index>(),
        character in "[023456789acdefghjklmnpqrstuvwxyz]",
    ) {
        for prefix in [AddressPrefix::REFERENCE, AddressPrefix::LAB, AddressPrefix::REGTEST] {
            let address = Address::new(prefix, PublicKey::from_bytes(owner));
            let text = address.to_string();
            prop_assert_eq!(text.parse(), Ok(address));
            let first = prefix.as_str().len() + 1;
            let at = first + at.index(text.len() - first);
            let mut mistyped = text.clone();
            mistyped.replace_range(at..=at, &character);
            prop_assert_eq!(mistyped.parse::<Address>().is_ok(), mistyped == text);
        }
    }

    #[test]
    fn digests_are_read_as_they_are_shown(bytes in any::<[u8; 32]>()) {
        let hash = BlockHash::from_bytes(bytes);
        prop_assert_eq!(hash.to_string().parse(), Ok(hash));
    }
}

#[test]
fn every_bit_of_a_header_is_worked_for() {
    // hard enough that no changed header meets the target by chance; the same header in every run
    let bits = CompactTarget::from_bits(0x1f00_ffff);
    let spec = NetworkSpec { genesis_bits: bits, limit_bits: bits, ..ChainParams::regtest().spec().clone() };
    let ledger = TestLedger::new(ChainParams::new(spec).unwrap());
    let header = ledger.next_block(Vec::new(), PublicKey::ZERO).header;
    let judge = |header: &Header| check_header(ledger.params(), header, header.hash(), ledger.context(), header.time);
    assert_eq!(judge(&header), Ok(()));
    for bit in 0..8 * Header::SIZE {
        let mut bytes = header.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(judge(&Header::from_bytes(&bytes)).is_err(), "bit {bit}");
    }
}

/// Draws grains near all limits as often as in between.
fn any_grains() -> impl Strategy<Value = u64> {
    let most = Amount::MAX_MONEY.grains();
    prop_oneof![0..=most, most - 5..=most + 5, u64::MAX - 5..=u64::MAX, 0..5u64, any::<u64>()]
}

/// Draws targets of all lengths.
fn any_target() -> impl Strategy<Value = Target> {
    (any::<[u8; 32]>(), 0..32usize).prop_map(|(mut bytes, zeros)| {
        bytes[..zeros].fill(0);
        Target::from_be_bytes(bytes).unwrap_or(Target::MAX)
    })
}

fn any_coin() -> impl Strategy<Value = (OutPoint, Coin)> {
    (any::<[u8; 32]>(), 0..3u32, any_grains(), any::<[u8; 32]>(), 0..3u64).prop_map(
        |(txid, vout, grains, owner, coinbase_height)| {
            let output = TxOut { value: Amount::from_grains(grains), owner: PublicKey::from_bytes(owner) };
            (OutPoint { txid: Txid::from_bytes(txid), vout }, Coin { output, coinbase_height })
        },
    )
}
