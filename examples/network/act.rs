//! The acts, and what is the same in each of them.

use std::error::Error;

use clap::{ValueEnum, builder::PossibleValue};
use toycoin_core::Header;
use toycoin_examples::{
    block_row::bits_of,
    look::Colour,
    retargeting,
    words::{count, listed, money},
};

use crate::{
    cheat, double_spend, fork,
    people::{FEE, Person},
    story::Story,
};

/// An act of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    OneChain,
    Fork,
    Cheat,
    DoubleSpend,
}

impl Act {
    pub(crate) const ALL: [Self; 4] = [Self::OneChain, Self::Fork, Self::Cheat, Self::DoubleSpend];

    /// Returns the act's number, from 1.
    pub(crate) const fn number(self) -> u8 {
        self as u8 + 1
    }

    const fn title(self) -> &'static str {
        match self {
            Self::OneChain => "one chain",
            Self::Fork => "a fork",
            Self::Cheat => "a cheat",
            Self::DoubleSpend => "one coin, spent twice",
        }
    }

    /// Returns whether the act can be played without a relay. Mallory's program speaks to a relay alone.
    pub(crate) const fn goes_without_relay(self) -> bool {
        !matches!(self, Self::Cheat)
    }

    /// Returns the least number of mining nodes that the act needs.
    pub(crate) const fn fewest_nodes(self) -> u32 {
        match self {
            Self::OneChain | Self::Cheat => 1,
            Self::Fork | Self::DoubleSpend => 2,
        }
    }
}

impl ValueEnum for Act {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(["1", "2", "3", "4"][*self as usize]).help(self.title()))
    }
}

/// Plays acts one after the other, which share the blocks, and settles.
///
/// The payments end in time to be confirmed in the last block, unless more of them are wanted.
pub(crate) async fn play_all(
    story: &mut Story<'_>,
    acts: &[Act],
    blocks: u64,
    payments: u64,
) -> Result<(), Box<dyn Error>> {
    introduce(story);
    story.people.pay_each_other(story.network.watcher()).await?;
    story.network.mine(true).await?;
    let mut before = story.height();
    for (played, act) in (1..).zip(acts) {
        story.page.heading(&format!("act {}  {}", act.number(), act.title()));
        story.page.head();
        match act {
            Act::OneChain => {}
            Act::Fork => fork::play(story).await?,
            Act::Cheat => cheat::play(story).await?,
            Act::DoubleSpend => double_spend::play(story).await?,
        }
        let share = blocks.saturating_mul(played) / acts.len() as u64;
        if played == acts.len() as u64 {
            story.until_height(share.saturating_sub(1)).await?;
            while story.people.confirmed() < payments {
                let before = story.people.confirmed();
                story.until("the next payment", |story| story.people.confirmed() > before).await?;
            }
            story.people.stop_paying();
            story.until("the last payments", |story| !story.people.is_waiting(None)).await?;
        }
        story.until_height(share).await?;
        let after = story.height();
        tell_retargeting(story, before, after).await?;
        before = after;
    }
    story.settle().await
}

/// Tells who is there, and what the columns are.
fn introduce(story: &Story<'_>) {
    let spec = story.params().spec();
    let own: Vec<_> = spec.allocations.iter().map(|output| money(output.value)).collect();
    let miners = count(story.network.miners() as u64, "miner");
    let who = match story.network.relay() {
        Some(_) => format!("A relay, {miners} and a node for wallets, connected over TCP."),
        None => format!(
            "{miners} and a node for wallets, connected to each other without a relay (libp2p over TCP). All have \
             dialled node 1, and learn of the others there. Act 3 is left out: Mallory's program sends her block to a \
             relay."
        ),
    };
    story.page.prose(
        "",
        &format!(
            "{who} {} own {} toycoins. Each payment pays its miner {}, and each block {} new ones.",
            listed(&Person::ALL.map(|person| person.to_string())),
            listed(&own),
            money(FEE),
            money(story.params().subsidy(1))
        ),
    );
    story.page.prose(
        "",
        "on: the block that it builds on. bits: log2 of the hashes that a block is expected to take. pays: the number \
         of payments in it.",
    );
}

/// The first height whose difficulty follows the times of the blocks before it.
const FIRST_RETARGETED: u64 = 3;

/// Tells how the difficulty moved between two heights of the active chain, and why.
///
/// The target of a block follows from its parent's height and time. So the times between the parents are those that
/// moved it.
async fn tell_retargeting(story: &Story<'_>, from: u64, to: u64) -> Result<(), Box<dyn Error>> {
    let Some(retargeting) = story.params().spec().retargeting else { return Ok(()) };
    let from = from.max(FIRST_RETARGETED - 1);
    if to <= from {
        return Ok(());
    }
    let header = async |height| -> Result<Header, Box<dyn Error>> {
        let block = story.network.watcher().block_at(height).await?.ok_or("a block of the chain is gone")?;
        Ok(block.block().header)
    };
    let took_ms = header(to - 1).await?.time.saturating_sub(header(from - 1).await?.time);
    let (old, new) = (bits_of(&header(from).await?), bits_of(&header(to).await?));
    let wanted_ms = retargeting.spacing_ms.saturating_mul(to - from);
    story.page.note(Colour::Faint, &retargeting::said((old, new), to - from, (took_ms, wanted_ms), story.page.look()));
    Ok(())
}
