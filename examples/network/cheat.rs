//! Act 3: a miner pays herself too much, and everybody refuses her block.

use std::error::Error;

use toycoin_core::{Amount, Rule};
use toycoin_examples::{
    block_row::{Branch, Row},
    look::Colour,
    words::money,
};

use crate::{mallory, story::Story};

/// Plays the act. The other miners pause until Mallory has found her block, so that it surely comes first at its
/// height: a block that comes second is not even judged, unless its branch gets more work.
pub(crate) async fn play(story: &mut Story<'_>) -> Result<(), Box<dyn Error>> {
    story.settle().await?;
    let height = story.height() + 1;
    let subsidy = money(story.params().subsidy(height));
    story.page.note(
        Colour::Refused,
        &format!("The others pause, so that Mallory finds block {height}. The subsidy is {subsidy}."),
    );
    let block = mallory::mine_too_much(story.network.watcher()).await?;
    let hash = block.hash();
    let paid: Amount = block.coinbase.outputs.iter().map(|output| output.value).sum();
    let said = vec![format!("pays herself {}", money(paid))];
    story.page.row(&Row::new(&block, &hash, Branch::Only, said).refused());
    story.expect_refusal(hash);
    let relay = story.network.relay().ok_or("this act needs a relay")?;
    let connection = mallory::send(block, relay.local_addr()).await?;
    let nodes = story.network.miners() + 1;
    story
        .until("all nodes to refuse Mallory's block", |story| {
            story.refusals().is_some_and(|rules| rules.len() == nodes)
        })
        .await?;
    drop(connection);
    let rules = story.refusals().cloned().unwrap_or_default();
    if let Some((node, rule)) = rules.iter().find(|(_, rule)| **rule != Rule::CoinbaseAmount) {
        return Err(format!("{} refused Mallory's block for rule {rule}", story.network.name(*node)).into());
    }
    let (rule, sentence) = (Rule::CoinbaseAmount, Rule::CoinbaseAmount.sentence());
    let told = format!("Refused by all {nodes} nodes, her work is lost. Rule {rule}: {sentence}.");
    story.page.note(Colour::Refused, &told);
    story.network.mine(true).await
}
