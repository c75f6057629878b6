//! Act 2: a node is cut off, two blocks build on the same one, and the branch with more work wins.

use std::error::Error;

use toycoin_core::Amount;
use toycoin_examples::{
    look::Colour,
    words::{count, money},
};

use crate::{people::Person, story::Story};

/// What Alice pays on the branch that loses, if she has so much.
const PAID: Amount = Amount::from_grains(250_000_000);

/// Plays the act. It ends when the payment that lost its block is in another one.
///
/// The node that is cut off pauses after its first block, so that its branch surely loses.
pub(crate) async fn play(story: &mut Story<'_>) -> Result<(), Box<dyn Error>> {
    let (remote, watcher) = (story.network.remote(), story.network.miners());
    let name = story.network.name(remote);
    story.let_rest(Person::Alice).await?;
    story.settle().await?;
    let parent = story.tip(watcher);
    story.network.cut().await;
    story.expect_fork(parent.hash);
    let (coin, amount) = story.people.coin(Person::Alice, PAID, story.network.node(remote)).await?;
    let pair = (Person::Alice, Person::Dave);
    let txid = story.people.pay(pair, amount, &[coin], story.network.node(remote)).await?;
    let paid = money(amount);
    story.page.note(Colour::Fork, &format!("{name} is cut off and mines alone. There, Alice pays Dave {paid}."));
    story.network.mine(true).await?;
    story.until("a block of the node that is cut off", |story| story.tip(remote).hash != parent.hash).await?;
    story.network.node(remote).set_mining(false).await?;
    // a longer branch, found before the others could hear of Alice's payment: it surely waits again
    story.until("more blocks of the others", |story| story.tip(watcher).work > story.tip(remote).work).await?;

    let before = story.reorganisations;
    let (own, others) = (story.tip(remote).height - parent.height, story.height() - parent.height);
    story.page.note(
        Colour::Fork,
        &format!(
            "{name} is back with {}, the others have {}: more work wins.",
            count(own, "block"),
            count(others, "block")
        ),
    );
    story.network.mend().await?;
    story.until("the reorganisation", |story| story.reorganisations > before).await?;
    story.network.node(remote).set_mining(true).await?;
    story.people.rest(Person::Alice, false);
    story.until("the block of the payment that waits again", |story| story.people.confirmed_at(&txid).is_some()).await
}
