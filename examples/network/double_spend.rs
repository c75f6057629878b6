//! Act 4: Bob pays two people with one coin, and one of them gets nothing.

use std::error::Error;

use toycoin_core::Amount;
use toycoin_examples::{
    block_row::short,
    look::Colour,
    words::{listed, money},
};
use toycoin_node::mempool::DropReason;

use crate::{people::Person, story::Story};

/// What Bob pays each of them, if he has so much.
const PAID: Amount = Amount::from_grains(500_000_000);

/// Plays the act. Who wins is decided by whoever finds the next block.
pub(crate) async fn play(story: &mut Story<'_>) -> Result<(), Box<dyn Error>> {
    let (remote, watcher) = (story.network.remote(), story.network.miners());
    story.let_rest(Person::Bob).await?;
    let (coin, amount) = story.people.coin(Person::Bob, PAID, story.network.watcher()).await?;

    // The cut keeps each node from hearing of the other payment before it has accepted its own. Nobody mines meanwhile:
    // without a relay it takes seconds to connect again, and each side would find a block of its own.
    story.network.mine(false).await?;
    story.network.cut().await;
    let first = story.people.pay((Person::Bob, Person::Carol), amount, &[coin], story.network.node(0)).await?;
    let second = story.people.pay((Person::Bob, Person::Dave), amount, &[coin], story.network.node(remote)).await?;
    story.network.mend().await?;
    story.network.mine(true).await?;
    let (worth, paid, other) = (money(coin.1.value), money(amount), story.network.name(remote));
    story.page.note(
        Colour::Fork,
        &format!(
            "Bob has a coin of {worth}. With it he pays Carol {paid} through node 1, and at the same time Dave {paid} \
             through {other}. Each node keeps the payment that it saw first, and mines for it."
        ),
    );
    let is_in_a_block = |story: &Story<'_>, txid| story.people.confirmed_at(txid).is_some();
    story
        .until("a block with one of Bob's payments", |story| {
            is_in_a_block(story, &first) || is_in_a_block(story, &second)
        })
        .await?;
    let (winner, loser, (paid, unpaid), loyal) = if is_in_a_block(story, &first) {
        (first, second, (Person::Carol, Person::Dave), remote)
    } else {
        (second, first, (Person::Dave, Person::Carol), 0)
    };
    story
        .until("the end of Bob's other payment", |story| {
            let mut nodes = story.accepted_by(&loser).chain([loyal]);
            nodes.all(|node| story.drop_reason(&loser, node).is_some())
        })
        .await?;
    match story.drop_reason(&loser, loyal) {
        Some(DropReason::Conflict { with }) if *with == winner => {}
        Some(other) => return Err(format!("Bob's other payment was dropped: {other}").into()),
        None => return Err("Bob's other payment was not dropped".into()),
    }
    let height = story.people.confirmed_at(&winner).ok_or("the block with Bob's payment is gone")?;
    let dropping = (0..=watcher).filter(|node| story.drop_reason(&loser, *node).is_some());
    let dropping: Vec<_> = dropping.map(|node| story.network.name(node)).collect();
    let (winner, loser_said) = (short(winner), short(loser));
    let told = format!(
        "Block {height} pays {paid}, by transaction {winner}. So {} dropped {loser_said}, which would pay {unpaid}: \
         {winner} spends the same coin. Nobody is paid before a block says so.",
        listed(&dropping)
    );
    story.page.note(Colour::Refused, &told);
    story.people.lost(&loser);
    story.people.rest(Person::Bob, false);
    Ok(())
}
