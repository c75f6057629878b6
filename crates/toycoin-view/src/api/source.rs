//! Where an answer comes from: the node that is asked, and for what is named by its hash every other node too.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::{StreamExt, future::join_all, stream};
use tokio::sync::MappedMutexGuard;
use toycoin_core::{
    BlockHash, ChainParams, CheckedBlock, Coinbase, IdentifiedTransaction, OutPoint, Transaction, TxOut, Txid, Wtxid,
    chain::{BlockStanding, HeaderCursor, KnownHeader},
};

use crate::{
    api::params::Viewpoint,
    app::App,
    index::{Entries, IndexedBlock, NodeIndex},
    limits::{OPEN_REQUESTS, PARENTS_FETCHED},
    problem::Problem,
    reader::{Down, NodeReader},
};

/// The node that is asked, and the others.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    app: &'a App,
    /// Its number.
    pub(crate) number: usize,
    /// The node that is asked.
    pub(crate) node: NodeReader,
    params: ChainParams,
}

/// A transaction that some node has.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Its id.
    pub(crate) txid: Txid,
    /// Its id with signatures.
    pub(crate) wtxid: Wtxid,
    /// What it says.
    pub(crate) body: Body,
    /// The block of the active chain that holds it, for the node that is asked.
    pub(crate) confirmed: Option<IndexedBlock>,
}

/// What a transaction says.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// A coinbase.
    Coinbase(Coinbase),
    /// A payment.
    Payment(Transaction),
}

impl Found {
    /// Returns a payment that is in no block.
    pub(crate) fn waiting(payment: &IdentifiedTransaction) -> Self {
        let (txid, wtxid, body) = (payment.txid(), payment.wtxid(), Body::Payment(payment.transaction().clone()));
        Self { txid, wtxid, body, confirmed: None }
    }

    /// Returns the transaction at an index of a block; `None` beyond its end.
    pub(crate) fn at(block: &CheckedBlock, index: usize, is_active: bool) -> Option<Self> {
        let (txid, wtxid) = *block.ids().get(index)?;
        let body = match index.checked_sub(1) {
            None => Body::Coinbase(block.block().coinbase.clone()),
            Some(index) => Body::Payment(block.block().transactions.get(index)?.clone()),
        };
        let header = block.block().header;
        let at = IndexedBlock { hash: block.hash(), height: header.height, time: header.time };
        Some(Self { txid, wtxid, body, confirmed: is_active.then_some(at) })
    }

    /// Returns a transaction of a block; `None` if the block does not hold it.
    pub(crate) fn in_block(block: &CheckedBlock, txid: Txid, is_active: bool) -> Option<Self> {
        Self::at(block, block.ids().iter().position(|(id, _)| *id == txid)?, is_active)
    }

    /// Returns its outputs.
    pub(crate) fn outputs(&self) -> &[TxOut] {
        match &self.body {
            Body::Coinbase(coinbase) => &coinbase.outputs,
            Body::Payment(payment) => &payment.outputs,
        }
    }

    /// Returns the coins that it spends.
    pub(crate) fn inputs(&self) -> &[OutPoint] {
        match &self.body {
            Body::Coinbase(_) => &[],
            Body::Payment(payment) => &payment.inputs,
        }
    }
}

impl<'a> Source<'a> {
    /// Returns the source that a request names.
    ///
    /// # Errors
    /// When there is no such node.
    pub(crate) fn new(app: &'a App, viewpoint: &Viewpoint) -> Result<Self, Problem> {
        let node = app.node(viewpoint.node)?;
        // a stage with nodes knows their network
        let params = app.stage.params().ok_or(Down)?;
        Ok(Self { app, number: viewpoint.node.unwrap_or(0), node, params })
    }

    /// Returns the network's parameters.
    pub(crate) const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns the node's index at its present tip.
    ///
    /// # Errors
    /// When the node is down, or the index has still to catch up.
    pub(crate) async fn index(&self) -> Result<MappedMutexGuard<'a, NodeIndex>, Problem> {
        self.app.indexes.node(self.number, &self.node, self.params()).await
    }

    /// Returns the entries of the node's mempool, in the order of mining. They may be those of a moment ago.
    ///
    /// # Errors
    /// When the node is down.
    pub(crate) async fn entries(&self) -> Result<Entries, Down> {
        self.app.indexes.entries(self.number, &self.node).await
    }

    /// Returns the entries of all other nodes' mempools. Nodes that are down are left out.
    pub(crate) async fn others_entries(&self) -> Vec<Entries> {
        let others = (0..self.app.stage.nodes()).filter(|node| *node != self.number);
        let others = others.filter_map(|node| Some((node, self.app.stage.node(node)?)));
        let read = async |(node, reader): (usize, NodeReader)| self.app.indexes.entries(node, &reader).await;
        join_all(others.map(read)).await.into_iter().flatten().collect()
    }

    /// Brings the mempool of the node's index up to date.
    ///
    /// # Errors
    /// When the node is down.
    pub(crate) async fn read_mempool(&self, index: &mut NodeIndex) -> Result<(), Problem> {
        index.take_mempool(self.entries().await?);
        Ok(())
    }

    /// Brings the mempool of the node's index up to date, with the payments in it.
    ///
    /// # Errors
    /// When the node is down, or there are more new payments than one request fetches; then the next call goes on.
    pub(crate) async fn read_payments(&self, index: &mut NodeIndex) -> Result<(), Problem> {
        self.read_mempool(index).await?;
        index.fetch_payments(&self.node).await
    }

    /// Returns the other nodes.
    pub(crate) fn others(&self) -> impl Iterator<Item = NodeReader> {
        (0..self.app.stage.nodes()).filter(|node| *node != self.number).filter_map(|node| self.app.stage.node(node))
    }

    /// Asks the node, and if it has no answer all others at the same time. The lowest number that has one counts.
    ///
    /// # Errors
    /// When nobody has an answer and the node that is asked is down.
    async fn ask<T, F: Future<Output = Result<Option<T>, Down>>>(
        &self,
        ask: impl Fn(NodeReader) -> F,
    ) -> Result<Option<T>, Down> {
        let own = ask(self.node.clone()).await;
        if let Ok(Some(answer)) = own {
            return Ok(Some(answer));
        }
        let answers = join_all(self.others().map(ask)).await;
        match answers.into_iter().find_map(|answer| answer.ok().flatten()) {
            Some(answer) => Ok(Some(answer)),
            None => own,
        }
    }

    /// Returns a block by its hash, from whichever node has it.
    ///
    /// # Errors
    /// When no node has it.
    pub(crate) async fn block(&self, hash: BlockHash) -> Result<Arc<CheckedBlock>, Problem> {
        let block = self.ask(|node| async move { node.block(hash).await }).await?;
        block.ok_or_else(|| Problem::unknown(format!("no node has a block {hash}")))
    }

    /// Returns the block of the node's active chain at a height.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn block_at(&self, height: u64) -> Result<Arc<CheckedBlock>, Problem> {
        let block = self.node.block_at(height).await?;
        block.ok_or_else(|| Problem::unknown(format!("node {} has no block at height {height}", self.number)))
    }

    /// Returns the header with a hash, with its standing for the node that is asked.
    ///
    /// # Errors
    /// When no node knows it.
    pub(crate) async fn header(&self, hash: BlockHash) -> Result<KnownHeader, Problem> {
        let height = self.block(hash).await.ok().map(|block| block.height());
        if let Some(known) = find_header(&self.node, hash, height).await? {
            return Ok(known);
        }
        let found = join_all(self.others().map(async |node| find_header(&node, hash, height).await)).await;
        let found = found.into_iter().find_map(|found| found.ok().flatten());
        let mut known = found.ok_or_else(|| Problem::unknown(format!("no node knows a block {hash}")))?;
        if known.standing == BlockStanding::Active {
            // on the active chain of another node
            known.standing = BlockStanding::Side;
        }
        Ok(known)
    }

    /// Returns a transaction, from whichever node has it, in whichever block.
    ///
    /// # Errors
    /// When no node has it.
    pub(crate) async fn transaction(&self, txid: Txid) -> Result<Found, Problem> {
        let own = find_transaction(&self.node, txid, true).await;
        if let Ok(Some(found)) = own {
            return Ok(found);
        }
        let elsewhere = join_all(self.others().map(async |node| find_transaction(&node, txid, false).await)).await;
        if let Some(found) = elsewhere.into_iter().find_map(|found| found.ok().flatten()) {
            return Ok(found);
        }
        if let Some(found) = self.stale_transaction(txid).await? {
            return Ok(found);
        }
        own?;
        Err(Problem::unknown(format!("no node has a transaction {txid}")))
    }

    async fn stale_transaction(&self, txid: Txid) -> Result<Option<Found>, Problem> {
        let nodes: Vec<_> = std::iter::once(self.node.clone()).chain(self.others()).collect();
        let Some(hash) = self.app.indexes.stale_holder(&txid, &nodes).await else { return Ok(None) };
        Ok(Found::in_block(&*self.block(hash).await?, txid, false))
    }

    /// Returns outputs by their names, as far as some node knows them. The index has nearly all of them; at most
    /// [`PARENTS_FETCHED`] further transactions are looked up, which is all there is while the node is down.
    pub(crate) async fn outputs(&self, wanted: impl IntoIterator<Item = &OutPoint>) -> HashMap<OutPoint, TxOut> {
        let (mut known, mut missing) = (HashMap::new(), Vec::new());
        let index = self.index().await.ok();
        for coin in wanted {
            match index.as_ref().and_then(|index| index.chain.output(coin)) {
                Some(indexed) => drop(known.insert(*coin, indexed.output)),
                None => missing.push(*coin),
            }
        }
        drop(index);
        let parents: BTreeSet<_> = missing.iter().map(|coin| coin.txid).take(PARENTS_FETCHED).collect();
        let fetch = async |txid| (txid, self.transaction(txid).await.ok());
        let parents: HashMap<_, _> = stream::iter(parents).map(fetch).buffer_unordered(OPEN_REQUESTS).collect().await;
        for coin in missing {
            let parent = parents.get(&coin.txid).and_then(Option::as_ref);
            let output = parent.and_then(|parent| parent.outputs().get(usize::try_from(coin.vout).ok()?));
            known.extend(output.map(|output| (coin, *output)));
        }
        known
    }
}

/// Looks a transaction up in a node's mempool and active chain.
async fn find_transaction(node: &NodeReader, txid: Txid, is_asked: bool) -> Result<Option<Found>, Down> {
    let Some(place) = node.transaction(txid).await? else { return Ok(None) };
    let Some((hash, _)) = place.block else {
        return Ok(place.transaction.map(|payment| Found::waiting(&payment.into())));
    };
    let block = node.block(hash).await?;
    Ok(block.and_then(|block| Found::in_block(&block, txid, is_asked)))
}

/// Looks a header up at a node: at its height if that is known, else among the tips of branches and the newest headers,
/// where all headers are that have no body.
pub(super) async fn find_header(
    node: &NodeReader,
    hash: BlockHash,
    height: Option<u64>,
) -> Result<Option<KnownHeader>, Down> {
    let is_it = |known: &KnownHeader| known.hash == hash;
    let Some(height) = height else {
        if let Some(known) = node.tips().await?.into_iter().find(is_it) {
            return Ok(Some(known));
        }
        let from = node.status().await?.best_height.saturating_sub(NEWEST_HEADERS);
        return Ok(node.headers(from.into(), usize::MAX).await?.headers.into_iter().find(is_it));
    };
    let mut from = HeaderCursor::from(height);
    for _ in 0..HEADER_PAGES {
        let page = node.headers(from, HEADERS_A_HEIGHT).await?;
        if let Some(known) = page.headers.iter().copied().find(is_it) {
            return Ok(Some(known));
        }
        let is_above = page.headers.iter().any(|known| known.header.height > height);
        match page.next {
            Some(next) if !is_above => from = next,
            _ => break,
        }
    }
    Ok(None)
}

/// Number of heights below the best header at which a header without a body is looked for.
const NEWEST_HEADERS: u64 = 500;

/// Most headers on a page when the blocks of one height are looked through.
const HEADERS_A_HEIGHT: usize = 100;

/// Most such pages.
const HEADER_PAGES: usize = 10;
