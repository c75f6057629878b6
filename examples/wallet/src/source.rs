//! Where a wallet learns of the chain: a node of its own that fetches it, or a light client.

use std::{error::Error, time::Duration};

use toycoin_core::{
    Amount, ChainParams, Transaction, Txid,
    wallet::{Owners, Wallet},
};
use toycoin_examples::{
    follow::follow,
    joining::catch_up,
    light::{confirming, joining::catch_up as catch_up_lightly, wallet::LightWallet},
    meshing::ClientMeeting,
    tell, waiting,
};
use toycoin_node::{NodeHandle, PaymentError, protocol::SubmitError};

use crate::{arguments::Online, wallet_file::WalletFile};

/// What tells a wallet of the chain, with the wallet that follows it.
#[derive(Debug)]
pub enum Source {
    /// A node in this process.
    Full {
        /// The node.
        node: NodeHandle,
        /// The wallet.
        wallet: Box<Wallet>,
    },
    /// A light client, which has its wallet.
    Light(Box<LightWallet>),
}

impl Source {
    /// Starts it, for a wallet of these owners that knows genesis alone.
    ///
    /// # Errors
    /// If peers were named and this build has no mesh, or the system gives no randomness.
    pub async fn open(
        online: &Online,
        params: &ChainParams,
        file: &WalletFile,
        owners: Owners,
    ) -> Result<Self, Box<dyn Error>> {
        let wallet = Wallet::watching(params.clone(), owners).spending_pending_change(true);
        if !online.light.light {
            let node = online.meeting.node(params.clone(), "wallet").await?.spawn().await?;
            return Ok(Self::Full { node, wallet: Box::new(wallet) });
        }
        let builder = online.meeting.light(params.clone(), "wallet").await?;
        let birthday = online.light.birthday.or_else(|| Some(file.birthday()).filter(|height| *height > 0));
        let light = LightWallet::open(builder, params, wallet, file.beside("light"), birthday).await?;
        Ok(Self::Light(Box::new(light)))
    }

    /// Waits until the chain is known, and lets the wallet follow it. Returns the height for which a second opinion had
    /// its time.
    ///
    /// # Errors
    /// [`GaveUp`](toycoin_examples::gave_up::GaveUp) if nobody answers, or nobody proves what is claimed.
    pub async fn catch_up(&mut self, meeting: &ClientMeeting, patience: Duration) -> Result<u64, Box<dyn Error>> {
        match self {
            Self::Full { node, wallet } => {
                meeting.wait(node, patience).await?;
                catch_up(node, patience).await?;
                follow(node, std::slice::from_mut(&mut **wallet)).await?;
                Ok(wallet.height())
            }
            Self::Light(light) => catch_up_lightly(&mut **light, meeting, patience).await,
        }
    }

    /// Changes whose coins the wallet has. All blocks are looked at again for the new owners.
    ///
    /// # Errors
    /// If the node or the light client has stopped.
    pub async fn watch(&mut self, owners: Owners) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Full { node, wallet } => {
                let fresh = Wallet::watching(node.params().clone(), owners).spending_pending_change(true);
                **wallet = fresh;
                follow(node, std::slice::from_mut(&mut **wallet)).await
            }
            Self::Light(light) => light.watch_more(owners).await,
        }
    }

    /// Returns the wallet.
    pub const fn wallet(&self) -> &Wallet {
        match self {
            Self::Full { wallet, .. } => wallet,
            Self::Light(light) => light.wallet(),
        }
    }

    /// Returns the wallet, to make payments.
    pub const fn wallet_mut(&mut self) -> &mut Wallet {
        match self {
            Self::Full { wallet, .. } => wallet,
            Self::Light(light) => light.wallet_mut(),
        }
    }

    /// Tells the network a payment of an earlier command again. Returns why it is refused, if it is.
    ///
    /// # Errors
    /// If the node or the light client has stopped.
    pub async fn tell_again(&mut self, payment: Transaction) -> Result<Option<SubmitError>, Box<dyn Error>> {
        match self {
            Self::Full { node, .. } => match node.submit(payment).await {
                Ok(_) => Ok(None),
                Err(PaymentError::Refused(error)) => Ok(Some(error)),
                Err(error) => Err(error.into()),
            },
            Self::Light(light) => {
                light.client().pay(payment).await?;
                Ok(None)
            }
        }
    }

    /// Sends a payment, and waits for so many confirmations. Returns the height of its block, and the confirmations.
    ///
    /// # Errors
    /// If it is not confirmed. [`GaveUp`](toycoin_examples::gave_up::GaveUp) if it was sent and may still be.
    pub async fn confirm(
        &mut self,
        payment: &Transaction,
        fee: Amount,
        confirmations: u64,
    ) -> Result<(u64, u64), Box<dyn Error>> {
        match self {
            Self::Full { node, .. } => {
                let confirmed = waiting::confirmation(node, payment, fee, confirmations).await?;
                Ok((confirmed.height, confirmed.confirmations))
            }
            Self::Light(light) => confirming::confirmation(light, payment, fee, confirmations).await,
        }
    }

    /// Returns the height of the block that holds a payment of the wallet; `None` if none does.
    pub fn height_of(&self, txid: &Txid) -> Option<u64> {
        self.wallet().history().iter().find(|entry| entry.txid == *txid).map(|entry| entry.height)
    }

    /// Returns the lines that say what one server alone has told a light client.
    pub fn doubt(&self, height: u64) -> Vec<String> {
        match self {
            Self::Full { .. } => Vec::new(),
            Self::Light(light) => light.doubt(height),
        }
    }

    /// Ends it, and keeps what a light client found.
    ///
    /// # Errors
    /// If the node's store failed.
    pub async fn close(&mut self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Full { node, .. } => Ok(node.shutdown().await?),
            Self::Light(light) => {
                // what was done is done, whether or not it can be kept
                if let Err(error) = light.save().await {
                    tell!("note: {error}");
                }
                Ok(())
            }
        }
    }
}
