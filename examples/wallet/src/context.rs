//! What a command is given.

use std::{cell::Cell, error::Error};

use toycoin_core::{ChainParams, Txid};

use crate::{arguments::Arguments, voice::Voice, wallet_file::WalletFile};

/// The arguments of a command, the network, and how it speaks.
#[derive(Debug)]
pub struct Context<'a> {
    /// The arguments.
    pub arguments: &'a Arguments,
    /// The network.
    pub params: ChainParams,
    /// How it speaks.
    pub voice: Voice,
    /// The payment that was sent, if one was: a command that is stopped then says so.
    pub sent: Cell<Option<Txid>>,
}

impl<'a> Context<'a> {
    /// Reads what the arguments name.
    ///
    /// # Errors
    /// If the network is in a file that cannot be read or does not describe one.
    pub fn new(arguments: &'a Arguments) -> Result<Self, Box<dyn Error>> {
        let (params, voice) = (arguments.network.params()?, Voice::new(arguments.json));
        Ok(Self { arguments, params, voice, sent: Cell::new(None) })
    }

    /// Opens the wallet's file.
    ///
    /// # Errors
    /// If there is none, it is no key file, or it is for another network.
    pub fn file(&self) -> Result<WalletFile, Box<dyn Error>> {
        WalletFile::open(&WalletFile::place(self.arguments.wallet.as_deref()), &self.params)
    }
}
