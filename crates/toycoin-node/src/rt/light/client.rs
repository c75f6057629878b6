//! The handle of a light client.

use tokio::sync::{mpsc, oneshot};
use toycoin_core::{ChainParams, PublicKey, Transaction, Txid};
use toycoin_light::machine::{Event, Saved, Tip};

use super::LightBuilder;
use crate::rt::{RelayState, Stopped};

/// What a handle asks of the driver.
#[derive(Debug)]
pub(super) enum Command {
    Watch { owner: PublicKey, birthday: u64 },
    Pay(Box<Transaction>),
    Forget(Txid),
    Prove(Txid),
    Status(oneshot::Sender<LightStatus>),
    Save(oneshot::Sender<Saved>),
}

/// How far a light client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LightStatus {
    /// The proved tip; genesis until one is proved.
    pub tip: Tip,
    /// The greatest height that a server claims with more work than the tip has, if one does. Nothing proves it.
    pub claimed: Option<u64>,
    /// All blocks up to this height are searched.
    pub searched: u64,
    /// Up to this height, two servers gave the same filters.
    pub confirmed: u64,
    /// The number of servers that were heard of and are not muted.
    pub servers: usize,
    /// The number of them that claim as much work as the tip has, or more.
    pub company: usize,
    /// The state of each relay, in the order in which they were added.
    pub relays: Vec<RelayState>,
}

/// A light client that runs on the tokio runtime where it was spawned. It ends when this handle is dropped.
#[derive(Debug)]
pub struct LightClient {
    params: ChainParams,
    events: mpsc::Receiver<Event>,
    commands: mpsc::Sender<Command>,
}

impl LightClient {
    /// Begins to build a light client of a network.
    pub fn builder(params: ChainParams) -> LightBuilder {
        LightBuilder::new(params)
    }

    pub(super) const fn new(
        params: ChainParams,
        events: mpsc::Receiver<Event>,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        Self { params, events, commands }
    }

    /// Returns the network.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns the next event, `None` once the runtime ends. Dropping the future loses nothing.
    ///
    /// Events have to be taken: the client waits while many are not.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Follows the payments of another owner too, who was not paid below the height `birthday`. [`Event::Watched`]
    /// follows once that is so.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn watch(&self, owner: PublicKey, birthday: u64) -> Result<(), Stopped> {
        self.send(Command::Watch { owner, birthday }).await
    }

    /// Tells the network a payment, again and again until a block holds it.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn pay(&self, transaction: Transaction) -> Result<(), Stopped> {
        self.send(Command::Pay(Box::new(transaction))).await
    }

    /// Tells a payment no more.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn forget(&self, txid: Txid) -> Result<(), Stopped> {
        self.send(Command::Forget(txid)).await
    }

    /// Collects the receipt of a transaction. An [`Event::Receipt`] or [`Event::NoReceipt`] follows.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn prove(&self, txid: Txid) -> Result<(), Stopped> {
        self.send(Command::Prove(txid)).await
    }

    /// Returns how far the client is.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn status(&self) -> Result<LightStatus, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Status(reply)).await?;
        answer.await.map_err(|_| Stopped { reason: None })
    }

    /// Returns what a later client can go on from.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn save(&self) -> Result<Saved, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Save(reply)).await?;
        answer.await.map_err(|_| Stopped { reason: None })
    }

    async fn send(&self, command: Command) -> Result<(), Stopped> {
        self.commands.send(command).await.map_err(|_| Stopped { reason: None })
    }
}
