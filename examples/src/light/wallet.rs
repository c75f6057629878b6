//! A wallet that follows a light client.

use std::{error::Error, path::PathBuf, time::Duration};

use tokio::time::{Instant, timeout_at};
use toycoin_core::{
    Block, ChainParams, Transaction, Txid,
    wallet::{Wallet, WalletError},
};
use toycoin_light::machine::{LightConfig, LightMachine};
use toycoin_node::light::{Event, LightBuilder, LightClient, LightStatus, Saved, Tip};

use super::{
    kept::kept,
    state_file::{self, State},
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
    /// Opens a wallet, which knows genesis alone, with what an earlier run kept. A file that is broken, or of another
    /// key or network, is said on standard error and replaced.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub async fn open(
        builder: LightBuilder,
        params: &ChainParams,
        mut wallet: Wallet,
        file: PathBuf,
        birthday: Option<u64>,
    ) -> Result<Self, Box<dyn Error>> {
        let owner = wallet.address().owner();
        let state = match state_file::read(&file) {
            Ok(state) => state,
            Err(what) => {
                tell!("note: {what}; it is made anew");
                None
            }
        };
        let fits = |state: &State| state.owner == owner && state.saved.genesis == params.genesis_hash();
        let other = state.as_ref().is_some_and(|state| !fits(state));
        if other {
            tell!("note: {} is of another key or network; it is made anew", file.display());
        }
        let holds = |state: &State| {
            let config = LightConfig::new(params.clone(), [0; 32]);
            LightMachine::resume(config, &state.saved).is_ok()
        };
        let state = state.filter(|state| fits(state) && holds(state));
        // an earlier birthday searches again; a later one has nothing to gain
        let state = state.filter(|state| birthday.is_none_or(|birthday| birthday >= state.birthday));
        let birthday = state.as_ref().map(|state| state.birthday).or(birthday).unwrap_or(1);
        let mut blocks = Vec::new();
        let mut builder = builder.watch(owner, birthday);
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
        let mut light = Self { client, wallet, file, birthday, view };
        light.settle()?;
        Ok(light)
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

    /// Returns whether all blocks up to the tip are searched.
    pub const fn is_searched(&self) -> bool {
        !self.view.is_moving && self.view.searched == self.view.tip.header.height
    }

    /// Returns a transaction of the wallet with the height of its block.
    pub fn find(&self, txid: &Txid) -> Option<(u64, &Transaction)> {
        let of = |block: &'_ Block| block.header.height;
        let all = self.view.blocks.iter().flat_map(|block| block.transactions.iter().map(move |one| (of(block), one)));
        all.into_iter().find(|(_, transaction)| transaction.txid() == *txid)
    }

    /// Returns the lines that say what one server alone has told; none if two agree up to a height. That is the height
    /// for which a second server has had its time ([`catch_up`](super::joining::catch_up)).
    pub fn doubt(&self, height: u64) -> Vec<String> {
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
        let state = State { owner: self.wallet.address().owner(), birthday: self.birthday, saved, blocks };
        state_file::write(&self.file, &state).map_err(|error| {
            format!("cannot write {}: {error}; the next run has to search again", self.file.display()).into()
        })
    }

    /// Returns whether the blocks of a saved state are those that were reported.
    fn is_told(&self, saved: &Saved) -> bool {
        let View { tip, confirmed, is_moving, .. } = &self.view;
        let is_tip = saved.headers.last().is_some_and(|header| header.hash() == tip.hash);
        is_tip && !is_moving && *confirmed == saved.searched
    }

    fn apply(&mut self, event: Event) -> Result<(), WalletError> {
        let Self { wallet, view, .. } = self;
        match event {
            Event::Tip(tip) => (view.tip, view.is_moving) = (tip, true),
            Event::Rewound { height } => {
                rewind(wallet, &mut view.blocks, height)?;
                (view.searched, view.confirmed) = (view.searched.min(height), view.confirmed.min(height));
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
