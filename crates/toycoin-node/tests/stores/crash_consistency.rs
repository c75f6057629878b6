//! Losses of power, flipped bits and full disks: the old tip, the new one, or an error that says what is wrong.

use std::{env, fs, panic};

use crate::disk::{
    Directory,
    forgetful::{Disk, Image},
    memory::Memory,
    mine, open,
};
use toycoin_core::{
    Applied, Block, BlockHash, Chain, ChainParams,
    chain::{Advance, ChainError},
    filter::BlockFilter,
    store::ChainStore as _,
    test_util::{Payments, assert_openings, classroom},
};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE, RedbStore, StoreError, reindex, unwatched};

fn params() -> ChainParams {
    ChainParams::regtest()
}

/// Blocks with payments, then a branch that replaces the last of them, and so on.
fn history(reorganisations: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut trunk = Chain::in_memory(params());
    for round in 0..reorganisations {
        let mut branch = Chain::open(params(), trunk.store().clone()).unwrap();
        let mut payments = Payments::new(params().genesis_hash(), trunk.coins_of(&classroom::owner(0)).unwrap());
        for _ in 0..2 {
            let (outpoint, coin) = trunk.coins_of(&classroom::owner(0)).unwrap()[0];
            let payment = payments.spend(vec![outpoint], vec![coin.output]);
            blocks.push(mine(&mut trunk, vec![payment], 4));
        }
        for _ in 0..2 + round % 2 {
            blocks.push(mine(&mut branch, Vec::new(), 5));
        }
        if branch.height() <= trunk.height() {
            blocks.push(mine(&mut branch, Vec::new(), 6));
        }
        trunk = branch;
    }
    blocks
}

/// Opens an image and returns its tip; whatever it says of itself must fit together, and it must be able to go on.
fn tip_of([index, bodies]: Image, history: &[Block]) -> Option<BlockHash> {
    let store = RedbStore::open_on(Memory::new(index), Memory::new(bodies), &params()).unwrap();
    let report = store.check(unwatched).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let tip = store.load().unwrap().map(|stored| stored.tip);
    let mut chain = Chain::open(params(), store).unwrap();
    for block in history {
        chain.apply(block.clone(), u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    assert_openings(&chain);
    for height in 0..=chain.height() {
        let block = chain.block_at(height).unwrap().unwrap();
        assert_eq!(chain.filter_at(height).unwrap(), Some(BlockFilter::of(block.block())));
    }
    assert!(chain.store().check(unwatched).unwrap().is_sound());
    tip
}

#[test]
fn a_loss_of_power_leaves_the_old_tip_or_the_new_one() {
    let (blocks, mut compacted) = (history(6), 0);
    // with reorganisations handed over whole, and in stages
    for (group, stage_bytes) in [(1, u64::MAX), (3, u64::MAX), (1, 0), (3, 0)] {
        let disk = Disk::new(7, 3);
        let [index, bodies] = disk.files();
        let store = RedbStore::open_on(index, bodies, &params()).unwrap();
        // a file gets its name only when it is made: what is half made is not looked at
        drop(disk.take_images());
        let mut chain = Chain::open(params(), store).unwrap().with_stage_bytes(stage_bytes);
        chain.sync().unwrap();
        let mut images = 0;
        let (mut old, mut staged, mut between) = (None, 0, Vec::new());
        for image in disk.take_images() {
            let tip = tip_of(image, &blocks);
            assert!(tip.is_none() || tip == Some(chain.tip().hash));
            old = Some(chain.tip().hash);
            images += 1;
        }
        for (place, block) in blocks.iter().enumerate() {
            let applied = chain.apply(block.clone(), u64::MAX).unwrap();
            staged += usize::from(matches!(applied, Applied::Reorganised { .. }));
            // what a group held before a move in stages is committed before it
            between.extend((stage_bytes == 0).then(|| Some(chain.tip().hash)));
            if place % group == 0 {
                chain.sync().unwrap();
                let new = Some(chain.tip().hash);
                for image in disk.take_images() {
                    let tip = tip_of(image, &blocks[..=place]);
                    let is_known = tip == old || tip == new || between.contains(&tip);
                    assert!(is_known, "{tip:?} is neither {old:?} nor {new:?}");
                    images += 1;
                }
                old = new;
                between.clear();
            }
        }
        println!("{images} images in groups of {group}, {staged} reorganisations, parts of {stage_bytes} bytes");
        assert!(images > 40 && staged > 2);
        // whatever was synced last is there when it closes, compacted or not
        chain.sync().unwrap();
        drop(disk.take_images());
        let end = Some(chain.tip().hash);
        drop(chain);
        for image in disk.take_images() {
            assert_eq!(tip_of(image, &blocks), end);
            images += 1;
        }
        compacted += usize::from(disk.shrinks() > 0);
        println!("{images} with those of the end");
    }
    // how long a file is depends on when it doubled
    assert!(compacted > 1, "{compacted} of 4 were compacted on the way");
}

#[test]
fn a_loss_of_power_leaves_whole_groups_behind() {
    let blocks = history(6);
    for group in [1, 3] {
        let disk = Disk::new(5, 3);
        let [index, bodies] = disk.files();
        let store = RedbStore::open_on(index, bodies, &params()).unwrap().writing_behind();
        // a file gets its name only when it is made: what is half made is not looked at
        drop(disk.take_images());
        let mut chain = Chain::open(params(), store).unwrap();
        chain.sync().unwrap();
        let (mut tips, mut images) = (vec![chain.tip().hash], disk.take_images());
        for (place, block) in blocks.iter().enumerate() {
            chain.apply(block.clone(), u64::MAX).unwrap();
            if place % group == 0 {
                // blocks are applied while a thread writes those before them
                chain.begin_sync().unwrap();
                tips.push(chain.tip().hash);
            }
            images.extend(disk.take_images());
        }
        chain.sync().unwrap();
        assert!(chain.store().is_synced());
        images.extend(disk.take_images());
        tips.push(chain.tip().hash);
        assert_eq!(tip_of(disk.now(), &blocks), tips.last().copied(), "durable after a sync");
        assert!(images.len() > 20, "{}", images.len());
        for image in images {
            let tip = tip_of(image, &blocks);
            // a group that had to wait for the thread begins with a later one
            assert!(tip.is_none_or(|tip| tips.contains(&tip)), "{tip:?} is none of {tips:?}");
        }
    }
}

#[test]
fn a_full_disk_is_reported_by_a_store_that_writes_behind() {
    let blocks = history(6);
    let disk = Disk::new(5, 1);
    let [index, bodies] = disk.files();
    let store = RedbStore::open_on(index, bodies, &params()).unwrap().writing_behind();
    let mut chain = Chain::open(params(), store).unwrap();
    chain.sync().unwrap();
    let durable = chain.tip().hash;
    disk.limit(Some(0));
    chain.apply(blocks[0].clone(), u64::MAX).unwrap();
    chain.begin_sync().unwrap();
    assert!(!chain.store().is_synced());
    assert!(matches!(chain.sync(), Err(ChainError::Store(StoreError::Full { .. }))));
    // the group is lost, so no later call may say that it is durable, even when there is space again
    for limit in [Some(0), None] {
        disk.limit(limit);
        assert!(!chain.store().is_synced());
        assert!(matches!(chain.begin_sync(), Err(ChainError::Store(StoreError::Database(_)))));
        assert!(matches!(chain.sync(), Err(ChainError::Store(StoreError::Database(_)))));
    }
    drop(chain);
    assert_eq!(tip_of(disk.now(), &blocks), Some(durable));
}

#[test]
fn a_loss_of_power_between_stages_leaves_the_old_tip() {
    let (mut ours, mut theirs) = (Chain::in_memory(params()), Chain::in_memory(params()));
    let mut payments = Payments::new(params().genesis_hash(), ours.coins_of(&classroom::owner(0)).unwrap());
    let old: Vec<_> = (0..6)
        .map(|_| {
            let (outpoint, coin) = payments.coins().first_key_value().map(|(at, coin)| (*at, *coin)).unwrap();
            mine(&mut ours, vec![payments.spend(vec![outpoint], vec![coin])], 4)
        })
        .collect();
    let new: Vec<_> = (0..7).map(|_| mine(&mut theirs, Vec::new(), 5)).collect();
    let history: Vec<_> = old.iter().chain(&new).cloned().collect();
    let disk = Disk::new(11, 3);
    let [index, bodies] = disk.files();
    let store = RedbStore::open_on(index, bodies, &params()).unwrap();
    let mut chain = Chain::open(params(), store).unwrap().with_stage_bytes(0);
    for block in &old {
        chain.apply(block.clone(), u64::MAX).unwrap();
    }
    for block in &new {
        chain.insert_block(block.clone(), u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    drop(disk.take_images());
    let old = Some(chain.tip().hash);
    let (mut between, mut moved) = (0, false);
    while !moved {
        moved = matches!(chain.advance().unwrap(), Advance::Moved(_));
        let new = Some(chain.tip().hash);
        for image in disk.take_images() {
            let tip = tip_of(image, &history);
            assert!(tip == old || moved && tip == new, "{tip:?} is neither {old:?} nor {new:?}");
            between += usize::from(!moved);
        }
        if !moved {
            // a kill takes nothing that was written, and finds it all the same
            assert_eq!(tip_of(disk.now(), &history), old);
        }
    }
    assert!(between > 10, "{between} images between stages");
    assert_eq!(tip_of(disk.now(), &history), Some(theirs.tip().hash), "durable when it has moved");
}

/// Returns what can be read without an error.
fn readable(chain: &Chain<RedbStore>, blocks: &[Block]) -> Vec<String> {
    let mut said = Vec::new();
    let mut say = |text: Result<String, String>| said.push(text.unwrap_or_else(|_| "error".into()));
    let text = |error: StoreError| error.to_string();
    let store = chain.store();
    for block in blocks {
        let hash = block.hash();
        say(store.block(&hash).map(|block| format!("{block:?}")).map_err(text));
        say(store.undo(&hash).map(|undo| format!("{undo:?}")).map_err(text));
        for (txid, _) in block.transaction_ids() {
            say(store.find_transaction(&txid).map(|found| format!("{found:?}")).map_err(text));
        }
    }
    for height in 0..=blocks.len() as u64 {
        say(store.opening(height).map(|opening| format!("{opening:?}")).map_err(text));
        say(store.filter(height).map(|filter| format!("{filter:?}")).map_err(text));
    }
    for key in 0..8 {
        say(store.coins_of(&classroom::owner(key)).map(|coins| format!("{coins:?}")).map_err(text));
    }
    let mut sum = 0;
    let visited = store.visit_coins(&mut |_, coin| sum += coin.output.value.grains());
    say(visited.map(|()| sum.to_string()).map_err(text));
    said
}

#[test]
fn no_flipped_bit_is_served() {
    let flips = env::var("TOYCOIN_FLIPS").map_or(2_000, |flips| flips.parse().unwrap());
    let blocks = history(6);
    let files = [Memory::default(), Memory::default()];
    let [index, bodies] = &files;
    let mut chain =
        Chain::open(params(), RedbStore::open_on(index.clone(), bodies.clone(), &params()).unwrap()).unwrap();
    for block in &blocks {
        chain.apply(block.clone(), u64::MAX).unwrap();
    }
    chain.sync().unwrap();
    let truth = readable(&chain, &blocks);
    let tip = chain.tip();
    drop(chain);
    let closed = files.map(|file| file.bytes().clone());
    let mut random = 99u64;
    let (mut refused, mut found, mut harmless) = (0, 0, 0);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    for flip in 0..flips {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut image = closed.clone();
        // as often in either file, however long each is
        let file = &mut image[flip % 2];
        let bit = usize::try_from(random >> 20).unwrap() % (file.len() * 8);
        file[bit / 8] ^= 1 << (bit % 8);
        let [index, bodies] = image;
        let opened = panic::catch_unwind(|| RedbStore::open_on(Memory::new(index), Memory::new(bodies), &params()));
        let Ok(opened) = opened else { panic!("bit {bit} of file {} makes opening panic", flip % 2) };
        let Ok(store) = opened else {
            refused += 1;
            continue;
        };
        let sound = store.check(unwatched).is_ok_and(|report| report.is_sound());
        let Ok(chain) = Chain::open(params(), store) else {
            refused += 1;
            continue;
        };
        let said = readable(&chain, &blocks);
        for (said, truth) in said.iter().zip(&truth) {
            assert!(said == truth || said == "error", "bit {bit} of file {}: {said} for {truth}", flip % 2);
        }
        if sound {
            assert_eq!(chain.tip(), tip);
            assert_eq!(said, truth, "bit {bit} of file {} was not found", flip % 2);
            harmless += 1;
        } else {
            found += 1;
        }
    }
    panic::set_hook(hook);
    println!("{flips} flips: {refused} refused on opening, {found} found by the check, {harmless} in unused bytes");
    assert!(refused + found > flips / 10);
}

#[test]
fn a_full_disk_stops_a_node_and_loses_nothing() {
    let blocks = history(6);
    let disk = Disk::new(1, 0);
    let mut at = 0;
    let mut stops = 0;
    while at < blocks.len() {
        disk.limit(None);
        let [index, bodies] = disk.files();
        let mut chain = Chain::open(params(), RedbStore::open_on(index, bodies, &params()).unwrap()).unwrap();
        chain.sync().unwrap();
        assert!(chain.store().check(unwatched).unwrap().is_sound());
        if at > 0 {
            assert!(chain.has_block(&blocks[at - 1].hash()), "it was synced");
        }
        disk.limit(Some(700));
        while let Some(block) = blocks.get(at) {
            let result = chain.apply(block.clone(), u64::MAX).map(drop).and_then(|()| chain.sync());
            match result {
                Ok(()) => at += 1,
                Err(ChainError::Store(StoreError::Full { .. })) => {
                    stops += 1;
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        // space is made before the next start
        disk.limit(None);
        if stops > 3 * blocks.len() {
            panic!("it never goes on");
        }
        if at < blocks.len() && stops % 2 == 0 {
            drop(chain);
            let [index, bodies] = disk.files();
            let mut chain = Chain::open(params(), RedbStore::open_on(index, bodies, &params()).unwrap()).unwrap();
            chain.apply(blocks[at].clone(), u64::MAX).unwrap();
            chain.sync().unwrap();
            at += 1;
        }
    }
    assert!(stops > 2, "the disk was full {stops} times");
}

#[test]
fn what_cannot_be_opened_says_why_in_one_line() {
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    mine(&mut chain, Vec::new(), 1);
    chain.sync().unwrap();
    let try_open = |params: &ChainParams| RedbStore::open(directory.path(), params).unwrap_err();
    let locked = try_open(&params());
    assert!(matches!(locked, StoreError::Locked { .. }), "{locked}");
    let locked = reindex(directory.path(), &params(), unwatched).unwrap_err();
    assert!(matches!(locked, StoreError::Locked { .. }), "{locked}");
    drop(chain);

    let other = try_open(&ChainParams::lab());
    assert!(matches!(other, StoreError::OtherNetwork { .. }), "{other}");

    let (index, bodies) = (directory.file(INDEX_FILE), directory.file(BODIES_FILE));
    let (kept_index, kept_bodies) = (fs::read(&index).unwrap(), fs::read(&bodies).unwrap());
    fs::remove_file(&index).unwrap();
    let missing = try_open(&params());
    assert!(matches!(missing, StoreError::Missing { .. }) && missing.to_string().contains("--reindex"), "{missing}");
    assert!(!index.exists(), "nothing is made in its place");
    fs::write(&index, &kept_index).unwrap();
    fs::remove_file(&bodies).unwrap();
    let missing = try_open(&params());
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    assert!(!bodies.exists());
    fs::write(&bodies, &kept_bodies[..kept_bodies.len() - 1]).unwrap();
    let short = try_open(&params());
    assert!(matches!(short, StoreError::Damaged { .. }), "{short}");
    fs::write(&bodies, &kept_bodies).unwrap();
    fs::write(&index, b"no database at all, but some text").unwrap();
    let damaged = try_open(&params());
    assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged}");
    for length in [1, 100, kept_index.len() / 2, kept_index.len() - 1] {
        fs::write(&index, &kept_index[..length]).unwrap();
        let short = try_open(&params());
        assert!(matches!(short, StoreError::Damaged { .. }), "{length} bytes: {short}");
        assert!(short.to_string().contains("--reindex"), "{short}");
    }
    for error in [&locked, &other, &missing, &short, &damaged] {
        assert_eq!(error.to_string().lines().count(), 1);
    }

    assert_eq!(reindex(directory.path(), &params(), unwatched).unwrap().height, 1);
    assert_eq!(open(&directory, &params()).height(), 1);
}

#[test]
fn a_reindex_passes_over_what_is_damaged() {
    let blocks = history(3);
    let directory = Directory::new();
    let mut chain = open(&directory, &params());
    for block in &blocks {
        chain.apply(block.clone(), u64::MAX).unwrap();
        chain.sync().unwrap();
    }
    let (tip, work) = (chain.tip().hash, chain.tip().work);
    drop(chain);
    let whole = reindex(directory.path(), &params(), unwatched).unwrap();
    assert_eq!((whole.blocks, whole.refused, whole.skipped_bytes), (blocks.len() as u64, 0, 0));
    let chain = open(&directory, &params());
    assert_eq!((chain.tip().hash, chain.tip().work), (tip, work));
    let lost = chain.block_at(chain.height()).unwrap().unwrap().block().clone();
    drop(chain);
    // the tip's body is damaged: what stands below it is found again, and the tip is fetched anew
    let mut bytes = fs::read(directory.file(BODIES_FILE)).unwrap();
    let header = lost.header.to_bytes();
    let at = bytes.windows(128).position(|window| window == header).unwrap();
    bytes[at + 100] ^= 1;
    fs::write(directory.file(BODIES_FILE), bytes).unwrap();
    let report = RedbStore::open(directory.path(), &params()).unwrap().check(unwatched).unwrap();
    assert!(!report.is_sound());
    assert!(report.problems[0].contains(&lost.hash().to_string()), "{:?}", report.problems);
    let rebuilt = reindex(directory.path(), &params(), unwatched).unwrap();
    assert!(rebuilt.skipped_bytes > 0);
    let mut chain = open(&directory, &params());
    assert!(chain.store().check(unwatched).unwrap().is_sound());
    chain.apply(lost, u64::MAX).unwrap();
    assert_eq!(chain.tip().work, work);
}
