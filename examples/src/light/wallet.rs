//! A wallet that follows a light client.

use std::{
    collections::BTreeSet,
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};
use toycoin_core::{
    Block, ChainParams, PublicKey, Transaction, Txid,
    wallet::{Owners, Wallet, WalletError},
};
use toycoin_light::machine::{LightConfig, LightMachine};
use toycoin_node::light::{Event, LightBuilder, LightClient, LightStatus, Saved, Tip};

use super::{
    kept::kept,
    state_file::{self, MAX_OWNERS, State},
};
use crate::{columns::wrap, tell};

/// Longest wait for what the client has found and not reported.
const REPORTS: Duration = Duration::from_secs(5);

/// A wallet, the light client that it follows, and the file that keeps both.
#[derive(Debug)]
pub struct LightWallet {
    client: LightClient,
    wallet: Wallet,
    file: PathBuf,
    birthday: u64,
    /// Owners that the client was asked to watch, and has not said that it does.
    awaited: BTreeSet<PublicKey>,
    view: View,
}

/// What the light client has reported, with the blocks that concern the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct View {
    tip: Tip,
    /// All blocks up to this height are searched.
    searched: u64,
    /// Up to this height, two servers gave the same filters.
    confirmed: u64,
    /// Whether the tip moved since the last report of what is searched, so that blocks may have been replaced.
    is_moving: bool,
    /// What is kept of the blocks that concern the wallet, the lowest first.
    blocks: Vec<Block>,
}

impl LightWallet {
    /// Opens a wallet, which knows genesis alone, with what an earlier run kept. All its owners are watched, from the
    /// birthday on: a height below which none was paid; 1 unless the file says another.
    ///
    /// A file that is broken, or of other owners or another network, is said on standard error and replaced. If it has
    /// more owners than the wallet, an earlier run has added them, and they are added here too.
    ///
    /// # Errors
    /// If there are more than [`MAX_OWNERS`], or the system gives no randomness.
    pub async fn open(
        builder: LightBuilder,
        params: &ChainParams,
        mut wallet: Wallet,
        file: PathBuf,
        birthday: Option<u64>,
    ) -> Result<Self, Box<dyn Error>> {
        let state = kept_state(&file, params, &wallet);
        // an earlier birthday searches again; a later one has nothing to gain
        let state = state.filter(|state| birthday.is_none_or(|birthday| birthday >= state.birthday));
        let birthday = state.as_ref().map(|state| state.birthday).or(birthday).unwrap_or(1);
        if let Some(state) = &state {
            let (receive, change) = (wallet.owners().receive(), wallet.owners().change());
            let owners = Owners::new(receive).with_change(change).with(state.owners.iter().copied());
            wallet.add_owners(owners);
        }
        bounded(wallet.owners().iter().count())?;
        let mut blocks = Vec::new();
        let mut builder = wallet.owners().iter().fold(builder, |builder, owner| builder.watch(*owner, birthday));
        if let Some(State { saved, blocks: kept, .. }) = state {
            for block in kept.into_iter().take_while(|block| block.header.height <= saved.searched) {
                connect(&mut wallet, &block)?;
                blocks.push(block);
            }
            builder = builder.resume(saved);
        }
        let client = builder.spawn()?;
        let LightStatus { tip, searched, confirmed, .. } = client.status().await?;
        let view = View { tip, searched, confirmed, is_moving: false, blocks };
        let mut light = Self { client, wallet, file, birthday, awaited: BTreeSet::new(), view };
        light.settle()?;
        Ok(light)
    }

    /// Watches further owners, from the wallet's birthday on, and takes over who gets payments and change.
    ///
    /// If there are new ones, blocks are searched again, and [`is_searched`](Self::is_searched) says once that is done:
    /// the wallet is then as if it had watched all from the beginning. The next [`save`](Self::save) keeps them. The
    /// future has to run to its end.
    ///
    /// # Errors
    /// If there would be more than [`MAX_OWNERS`] (the wallet is as before then), or the client has ended.
    pub async fn watch_more(&mut self, owners: Owners) -> Result<(), Box<dyn Error>> {
        let known = self.wallet.owners();
        let new: BTreeSet<_> = owners.iter().filter(|owner| !known.contains(owner)).copied().collect();
        bounded(known.iter().count().saturating_add(new.len()))?;
        if !new.is_empty() {
            // blocks that are found again come again, and what was passed over may pay the new ones
            rewind(&mut self.wallet, &mut self.view.blocks, 0)?;
        }
        self.wallet.add_owners(owners);
        self.awaited.extend(&new);
        for owner in new {
            self.client.watch(owner, self.birthday).await?;
        }
        Ok(())
    }

    /// Returns the wallet, as far as its blocks were found.
    pub const fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// Returns the wallet, to make payments.
    pub const fn wallet_mut(&mut self) -> &mut Wallet {
        &mut self.wallet
    }

    /// Returns the light client.
    pub const fn client(&self) -> &LightClient {
        &self.client
    }

    /// Returns the proved tip.
    pub const fn tip(&self) -> Tip {
        self.view.tip
    }

    /// Returns the height up to which blocks are searched, and the height up to which two servers agree.
    pub const fn progress(&self) -> (u64, u64) {
        (self.view.searched, self.view.confirmed)
    }

    /// Returns whether all blocks up to the tip are searched, for all owners.
    pub fn is_searched(&self) -> bool {
        self.awaited.is_empty() && !self.view.is_moving && self.view.searched == self.view.tip.header.height
    }

    /// Returns what is [`kept`] of the block at a height; `None` if it does not concern the wallet, as
    /// far as is searched. Genesis is not among them.
    pub fn block_at(&self, height: u64) -> Option<&Block> {
        let place = self.view.blocks.binary_search_by_key(&height, |block| block.header.height).ok()?;
        self.view.blocks.get(place)
    }

    /// Returns a transaction of the wallet with the height of its block.
    pub fn find(&self, txid: &Txid) -> Option<(u64, &Transaction)> {
        let of = |block: &'_ Block| block.header.height;
        let all = self.view.blocks.iter().flat_map(|block| block.transactions.iter().map(move |one| (of(block), one)));
        all.into_iter().find(|(_, transaction)| transaction.txid() == *txid)
    }

    /// Returns the lines that say what one server alone has told; none if two agree up to a height. That is the height
    /// for which a second server has had its time ([`catch_up`](super::joining::catch_up)). A birthday above it is doubtful
    /// too: nothing was searched.
    pub fn doubt(&self, height: u64) -> Vec<String> {
        if self.birthday > height {
            let why = format!(
                "the wallet was paid first in block {} or later, so it was told, but the last block is {height}; \
                 `wallet rescan --light --from 1` looks at all blocks",
                self.birthday
            );
            return wrap("doubt: ", &why);
        }
        let (searched, confirmed) = self.progress();
        if confirmed >= height.min(searched) {
            return Vec::new();
        }
        let from = confirmed + 1;
        let why = format!(
            "from block {from} on, one node alone told which blocks hold payments of this key, and may have left some \
             out; another --relay, or a network with more nodes, gives a second opinion"
        );
        wrap("doubt: ", &why)
    }

    /// Waits for the next event of the light client, and lets the wallet follow it. Dropping the future loses nothing.
    ///
    /// # Errors
    /// If the light client has ended, or blocks do not fit the wallet.
    pub async fn next(&mut self) -> Result<(), Box<dyn Error>> {
        let event = self.client.next().await.ok_or("the light client has stopped")?;
        self.apply(event)?;
        Ok(())
    }

    /// Writes the file. What the client knows and has not reported yet is waited for, for a short time.
    ///
    /// # Errors
    /// If the client has ended, or the file cannot be written.
    pub async fn save(&mut self) -> Result<(), Box<dyn Error>> {
        let until = Instant::now() + REPORTS;
        let saved = loop {
            let saved = self.client.save().await?;
            if self.is_told(&saved) {
                break saved;
            }
            match timeout_at(until, self.next()).await {
                Ok(result) => result?,
                // the file of an earlier run stays: it is older, but whole
                Err(_) => return Ok(()),
            }
        };
        let blocks = self.view.blocks.iter().filter(|block| block.header.height <= saved.searched).cloned().collect();
        let owners = self.wallet.owners().iter().copied().collect();
        let state = State { owners, birthday: self.birthday, saved, blocks };
        state_file::write(&self.file, &state).map_err(|error| {
            format!("cannot write {}: {error}; the next run has to search again", self.file.display()).into()
        })
    }

    /// Returns whether the blocks of a saved state are those that were reported.
    fn is_told(&self, saved: &Saved) -> bool {
        let View { tip, confirmed, is_moving, .. } = &self.view;
        let is_tip = saved.headers.last().is_some_and(|header| header.hash() == tip.hash);
        self.awaited.is_empty() && is_tip && !is_moving && *confirmed == saved.searched
    }

    fn apply(&mut self, event: Event) -> Result<(), WalletError> {
        let Self { wallet, view, awaited, .. } = self;
        match event {
            Event::Tip(tip) => (view.tip, view.is_moving) = (tip, true),
            Event::Rewound { height } => {
                rewind(wallet, &mut view.blocks, height)?;
                (view.searched, view.confirmed) = (view.searched.min(height), view.confirmed.min(height));
            }
            Event::Watched { owner } => {
                awaited.remove(&owner);
            }
            Event::Block(block) => {
                connect(wallet, &block)?;
                view.blocks.push(kept(&block, wallet));
            }
            Event::Searched { height, confirmed } => {
                (view.searched, view.confirmed, view.is_moving) = (height, confirmed, false);
            }
            Event::Muted { reason, .. } => {
                let lines = wrap("note: ", &format!("a node is not listened to any more: {reason}"));
                lines.iter().for_each(|line| tell!("{line}"));
            }
            _ => {}
        }
        self.settle()
    }

    /// Moves the wallet to the tip, once no more block up to there can concern it.
    fn settle(&mut self) -> Result<(), WalletError> {
        if !self.is_searched() {
            return Ok(());
        }
        let Tip { hash, header, .. } = self.view.tip;
        self.wallet.skip_to(hash, header.height)
    }
}

/// Returns what an earlier run kept, if it serves a wallet. If it does not, a line on standard error says why.
fn kept_state(file: &Path, params: &ChainParams, wallet: &Wallet) -> Option<State> {
    let state = match state_file::read(file) {
        Ok(state) => state?,
        Err(what) => {
            tell!("note: {what}; it is made anew");
            return None;
        }
    };
    let known = wallet.owners().iter().filter(|owner| state.owners.contains(owner)).count();
    if known == 0 || state.saved.genesis != params.genesis_hash() {
        tell!("note: {} is of another key or network; it is made anew", file.display());
        return None;
    }
    if known < wallet.owners().iter().count() {
        tell!("note: {} does not know all addresses of this wallet; it is made anew", file.display());
        return None;
    }
    let config = LightConfig::new(params.clone(), [0; 32]);
    LightMachine::resume(config, &state.saved).is_ok().then_some(state)
}

/// Checks a number of owners.
fn bounded(owners: usize) -> Result<(), String> {
    let most = || format!("a light wallet watches at most {MAX_OWNERS} addresses, not {owners}");
    if owners > MAX_OWNERS { Err(most()) } else { Ok(()) }
}

/// Connects a block that concerns the wallet, over those before it that do not.
fn connect(wallet: &mut Wallet, block: &Block) -> Result<(), WalletError> {
    wallet.skip_to(block.header.previous, block.header.height.saturating_sub(1))?;
    wallet.connect(block)
}

/// Takes back the blocks above a height.
fn rewind(wallet: &mut Wallet, blocks: &mut Vec<Block>, height: u64) -> Result<(), WalletError> {
    while let Some(block) = blocks.pop_if(|block| block.header.height > height) {
        wallet.skip_to(block.hash(), block.header.height)?;
        wallet.disconnect(&block)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
