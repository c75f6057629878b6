//! Mutations of a header: rules R06 to R14.

use crate::{
    digest::BlockHash,
    header::Header,
    rule::Rule,
    target::CompactTarget,
    test_util::mutations::{Mutation, Setting},
};

pub(super) const MUTATIONS: &[Mutation] = &[
    Mutation::new(Rule::HeaderVersion, "a header of version 2", |scene| {
        scene.block.header.version = 2;
        scene.resolve();
    }),
    Mutation::new(Rule::TargetRange, "a target above the limit, met by nearly every hash", |scene| {
        scene.block.header.bits = CompactTarget::from_bits(0x2100_ffff);
        scene.resolve();
    }),
    Mutation::new(Rule::PreviousBlock, "a parent that nobody knows", |scene| {
        scene.block.header.previous = BlockHash::from_bytes([7; 32]);
        scene.recommit();
    }),
    Mutation::new(Rule::Height, "a height left out", |scene| {
        scene.block.header.height += 1;
        scene.block.coinbase.height += 1;
        scene.ledger.reward(&mut scene.block);
        scene.recommit();
    }),
    Mutation::new(Rule::Bits, "a target of the miner's own choice", |scene| {
        let bits = scene.block.header.bits.to_bits();
        scene.block.header.bits = CompactTarget::from_bits(bits - 1);
        scene.resolve();
    }),
    Mutation::new(Rule::ProofOfWork, "a hash above the target", |scene| {
        let target = scene.block.header.bits.to_target().expect("the bits of a valid block");
        while target.is_met_by(&scene.block.hash()) {
            scene.block.header.nonce = scene.block.header.nonce.wrapping_add(1);
        }
    }),
    Mutation::new(Rule::TimeAboveParent, "a time equal to the parent's", |scene| {
        scene.block.header.time = scene.ledger.context().time;
        scene.resolve();
    }),
    Mutation::new(Rule::TimeRange, "a time of 49 bits, when its time has come", |scene| {
        scene.block.header.time = Header::TIME_LIMIT;
        scene.now_ms = Header::TIME_LIMIT;
        scene.resolve();
    })
    .with(Setting::Moment),
    Mutation::new(Rule::TimeNotInFuture, "judged a millisecond too early", |scene| {
        scene.now_ms = scene.block.header.time - scene.ledger.params().spec().max_future_ms - 1;
    })
    .with(Setting::Moment),
];
