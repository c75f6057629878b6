//! Headers: rules R06 to R14.

use toycoin_core::{
    Block, CompactTarget, Header, OutPoint, Rule, TxOut,
    test_util::{Scene, TestLedger},
};

use crate::gallery::{
    cast::{Person, Victim},
    count::Count,
    play::{Act, Play},
    script::Script,
    stage::{EASIEST_BITS, next, unsigned},
    verifier::Judge,
};

pub(super) const SCRIPTS: &[Script] = &[
    Script::new(
        Rule::HeaderVersion,
        Victim::Network,
        &[
            "Mallory mines a block whose header has version 2, which nobody has defined.",
            "Nodes without the rule read it as version 1, and now stand at height {height after}.",
            "Nodes with the rule refuse the block, and stand at height {height kept}.",
            "So the network splits in two.",
            "Nobody gains a grain: the rule keeps version numbers free for blocks that mean something new.",
        ],
        Count::Undefined,
        Act::Mutation,
    ),
    Script::new(
        Rule::TargetRange,
        Victim::Network,
        &[
            "Mallory writes a target into her header that nearly every hash meets.",
            "An honest block takes {tip honest} of work; hers takes {tip after} and earns the same reward.",
            "Rule R10 stops her too, because only one target is the expected one; it is off as well.",
            "The next target is computed from hers, so the next block needs {next after} instead of {next honest}.",
        ],
        Count::NextWork,
        Act::Mutation,
    )
    .gains(Count::TipWork)
    .shadowed_by(&[Rule::Bits]),
    Script::new(
        Rule::PreviousBlock,
        Victim::LightClients,
        &[
            "Mallory's block names a parent that does not exist.",
            "A verifier that knows only its tip takes the block as the next one.",
            "Whoever walks back from the tip finds {linked after} and then nothing; an honest tip leads to {linked honest}.",
            "So the tip no longer says which blocks came before it.",
            "A node's engine places a block by its parent's hash, so it cannot even judge this block.",
            "The story runs on a simpler verifier, the test kit's model of a chain without branches.",
        ],
        Count::Linked,
        Act::Mutation,
    )
    .judged_by(Judge::TipOnly),
    Script::new(
        Rule::Height,
        Victim::Network,
        &[
            "Mallory mined the last block, whose reward must wait for {maturity after}.",
            "Her next block skips some heights, so the block after it has height {height after}, not {height honest}.",
            "At that height her reward counts as old enough, and she spends it.",
            "She has {spendable after} at her disposal, not {spendable honest}.",
            "The schedule of subsidies goes by height as well, so she skips some subsidies.",
            "By then {schedule after} should be there; the money issued is {issued after}.",
        ],
        Count::Excess,
        Act::Play(skip_heights),
    )
    .gains(Count::Spendable(Person::Mallory)),
    Script::new(
        Rule::Bits,
        Victim::Network,
        &[
            "Mallory takes the easiest target of the network instead of the expected one.",
            "Her block needs {tip after} of work, an honest one {tip honest}, and the reward is the same.",
            "The same machine finds many such blocks in the time of an honest one.",
            "Each of them adds almost nothing to the work that protects the chain.",
        ],
        Count::ChainWork,
        Act::Edit(|scene| {
            scene.block.header.bits = CompactTarget::from_bits(EASIEST_BITS);
            scene.resolve();
        }),
    )
    .gains(Count::TipWork),
    Script::new(
        Rule::ProofOfWork,
        Victim::Person(Person::Bob),
        &[
            "Mallory pays Bob {Bob due}, a block confirms it, and Bob hands over the goods.",
            "Then she writes two blocks in its place, in which the coin goes back to her.",
            "She searches no nonce, so both take her a moment; verifiers credit the work all the same.",
            "Two blocks outweigh one: Bob's payment is gone, and Bob owns {Bob after}.",
            "Mallory has the goods, the coin, and the rewards of both blocks.",
        ],
        Count::Coins(Person::Bob),
        Act::Play(rewrite_without_work),
    )
    .gains(Count::Coins(Person::Mallory)),
    Script::new(
        Rule::TimeAboveParent,
        Victim::Network,
        &[
            "Mallory dates her block an hour before its parent.",
            "To the difficulty rule that looks like a block found in less than no time.",
            "It asks the next block for {next after} of work instead of {next honest}.",
            "At a billion hashes per second that takes longer than the age of the universe.",
            "So the chain stands still.",
            "Mallory gains nothing by it, except that all others have stopped.",
        ],
        Count::NextWork,
        Act::Edit(|scene| {
            scene.block.header.time = scene.ledger.context().time - HOUR_MS;
            scene.resolve();
        }),
    ),
    Script::new(
        Rule::TimeRange,
        Victim::Network,
        &[
            "It is the year 10889, and times in milliseconds reach 49 bits.",
            "Mallory dates her block at the first such moment, and it is no lie.",
            "Its time takes {timebits after}, while the time of an honest block takes {timebits honest} today.",
            "A program that keeps 48 bits would read such a time as zero.",
            "Until that year rule R14 keeps such a block waiting, as it is far ahead of every clock.",
        ],
        Count::TimeBits,
        Act::Play(at_the_end_of_time),
    ),
    Script::new(
        Rule::TimeNotInFuture,
        Victim::Network,
        &[
            "Mallory dates her block an hour ahead of the clock.",
            "The difficulty rule thinks that the block took an hour to find.",
            "It asks the next block for {next after} of work instead of {next honest}.",
            "Times must rise, so all honest miners must now lie about theirs, by {lead after}.",
            "With the rule, verifiers put the block aside until their clocks allow it.",
        ],
        Count::Lead,
        Act::Play(an_hour_ahead),
    )
    .gains(Count::NextWork),
];

/// Mallory's block skips four heights. Carol mines the next one, in which Mallory spends the reward of block 3.
fn skip_heights(scene: Scene) -> Play {
    let reward = OutPoint { txid: scene.ledger.tip().coinbase.txid(), vout: 0 };
    let mut honest = scene.ledger.clone();
    honest.push_unjudged(scene.block.clone());
    let second = next(&honest, Vec::new(), Person::Carol);
    let now_ms = second.header.time;

    let play = Play::of_block(scene, |scene| {
        scene.block.header.height += 4;
        scene.block.coinbase.height += 4;
        scene.recommit();
    });
    let mut skipped = play.chain.clone();
    for block in &play.cheating {
        skipped.push_unjudged(block.clone());
    }
    let mut payments = skipped.payments();
    let spent = payments.coins().get(&reward).copied();
    let spending = spent.map(|coin| payments.spend(vec![reward], vec![coin]));
    let spending = next(&skipped, spending.into_iter().collect(), Person::Carol);
    Play {
        honest: [play.honest, vec![second]].concat(),
        cheating: [play.cheating, vec![spending]].concat(),
        now_ms,
        ..play
    }
}

/// Bob is paid in the honest block. Two blocks without work replace it.
fn rewrite_without_work(scene: Scene) -> Play {
    let paid = scene.block.clone();
    let mut branch: TestLedger = scene.ledger.clone();
    let mut cheating = vec![paid.clone()];
    let back = paid.transactions.first().map(|payment| {
        let value = payment.outputs.iter().map(|output| output.value).sum();
        unsigned(payment.inputs.clone(), vec![TxOut { value, owner: Person::Mallory.owner() }])
    });
    for payments in [back.into_iter().collect(), Vec::new()] {
        let mut block = branch.draft(payments, Person::Mallory.owner());
        branch.sign(&mut block);
        let block = without_work(branch.seal(block));
        branch.push_unjudged(block.clone());
        cheating.push(block);
    }
    let now_ms = branch.tip().header.time;
    Play { chain: scene.ledger, honest: vec![paid], cheating, now_ms, shown: None }
}

/// Changes the nonce until the hash does not meet the target.
fn without_work(mut block: Block) -> Block {
    while block.header.bits.to_target().is_ok_and(|target| target.is_met_by(&block.hash())) {
        block.header.nonce = block.header.nonce.wrapping_add(1);
    }
    block
}

/// The mutation's block, and verifiers whose time it is.
fn at_the_end_of_time(scene: Scene) -> Play {
    let play = Act::Mutation.play(Rule::TimeRange, scene);
    Play { now_ms: Header::TIME_LIMIT, ..play }
}

/// A block that is dated an hour after the honest one.
fn an_hour_ahead(scene: Scene) -> Play {
    let now_ms = scene.block.header.time;
    let play = Play::of_block(scene, |scene| {
        scene.block.header.time += HOUR_MS;
        scene.resolve();
    });
    Play { now_ms, ..play }
}

/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;
