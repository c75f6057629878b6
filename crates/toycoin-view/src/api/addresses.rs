//! Addresses: balance, coins and history.

use std::sync::Arc;

use axum::{Json, extract::State};
use toycoin_core::{Amount, OutPoint, PublicKey, TxOut, Txid};

use crate::{
    api::{
        params::{self, Segments, Viewpoint},
        shapes::{AddressInfo, AddressStats, TransactionInfo, TransactionStatus, UnspentOutput},
        source::{Found, Source},
    },
    app::App,
    index::{ChainIndex, MempoolIndex, Totals, Waiting},
    limits::{COINS_LISTED, PAGE, WAITING_PAGE},
    problem::Problem,
};

type Apps = State<Arc<App>>;
type Page = Result<Json<Vec<TransactionInfo>>, Problem>;

/// What an address received and spent.
#[utoipa::path(get, path = "/api/address/{address}", tag = "addresses",
    params(("address" = String, Path, description = "The address"), Viewpoint),
    responses((status = 200, body = AddressInfo),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn address(
    State(app): Apps,
    Segments(address): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<AddressInfo>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let owner = params::owner(&address, source.params())?;
    let mut index = source.index().await?;
    source.read_payments(&mut index).await?;
    let confirmed = index.chain.owner(&owner);
    let chain_stats = confirmed.map(|known| AddressStats::new(known.history.len(), known.totals)).unwrap_or_default();
    let (mut count, mut totals) = (0, Totals::default());
    for waiting in index.mempool.waiting() {
        let moves = Moves::of(&owner, waiting, &index.chain, &index.mempool);
        count += usize::from(!moves.is_empty());
        moves.add_to(&mut totals);
    }
    let address = source.params().address(owner).to_string();
    Ok(Json(AddressInfo { address, chain_stats, mempool_stats: AddressStats::new(count, totals) }))
}

/// The coins of an address, those in the mempool included, without those that the mempool spends.
#[utoipa::path(get, path = "/api/address/{address}/utxo", tag = "addresses",
    params(("address" = String, Path, description = "The address"), Viewpoint),
    responses((status = 200, body = Vec<UnspentOutput>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn coins(
    State(app): Apps,
    Segments(address): Segments<String>,
    viewpoint: Viewpoint,
) -> Result<Json<Vec<UnspentOutput>>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let owner = params::owner(&address, source.params())?;
    let mut index = source.index().await?;
    source.read_payments(&mut index).await?;
    let (chain, mempool) = (&index.chain, &index.mempool);
    let confirmed = chain.owner(&owner).into_iter().flat_map(|known| &known.coins).filter_map(|coin| {
        let output = chain.output(coin)?.output;
        Some((*coin, output.value, TransactionStatus::of(chain.block_of(&coin.txid))))
    });
    let waiting = mempool.waiting().flat_map(|waiting| {
        let paid = waiting.transaction.outpoints(waiting.entry.txid).filter(|(_, output)| output.owner == owner);
        paid.map(|(coin, output)| (coin, output.value, TransactionStatus::UNCONFIRMED))
    });
    let unspent = confirmed.chain(waiting).filter(|(coin, ..)| mempool.spender(coin).is_none());
    let describe = |(coin, value, status): (OutPoint, Amount, _)| UnspentOutput {
        txid: coin.txid.to_string(),
        vout: coin.vout,
        status,
        value: value.grains(),
    };
    let coins: Vec<_> = unspent.map(describe).take(COINS_LISTED + 1).collect();
    if coins.len() > COINS_LISTED {
        return Err(Problem::bad(format!("{address} has more than {COINS_LISTED} coins, too many for one list")));
    }
    Ok(Json(coins))
}

/// The last transactions of an address: at most 50 that wait, then at most 25 confirmed ones, the newest first.
#[utoipa::path(get, path = "/api/address/{address}/txs", tag = "addresses",
    params(("address" = String, Path, description = "The address"), Viewpoint),
    responses((status = 200, body = Vec<TransactionInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn history(State(app): Apps, Segments(address): Segments<String>, viewpoint: Viewpoint) -> Page {
    let source = Source::new(&app, &viewpoint)?;
    let owner = params::owner(&address, source.params())?;
    let mut infos = waiting_of(&source, owner).await?;
    infos.extend(confirmed_of(&source, owner, None).await?);
    Ok(Json(infos))
}

/// The last 25 confirmed transactions of an address, the newest first.
#[utoipa::path(get, path = "/api/address/{address}/txs/chain", tag = "addresses",
    params(("address" = String, Path, description = "The address"), Viewpoint),
    responses((status = 200, body = Vec<TransactionInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn confirmed(State(app): Apps, Segments(address): Segments<String>, viewpoint: Viewpoint) -> Page {
    let source = Source::new(&app, &viewpoint)?;
    let owner = params::owner(&address, source.params())?;
    Ok(Json(confirmed_of(&source, owner, None).await?))
}

/// The 25 confirmed transactions of an address before one that was seen, the newest first.
#[utoipa::path(get, path = "/api/address/{address}/txs/chain/{last_seen}", tag = "addresses",
    params(("address" = String, Path, description = "The address"),
        ("last_seen" = String, Path, description = "The id of the last transaction of the page before"), Viewpoint),
    responses((status = 200, body = Vec<TransactionInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn confirmed_after(
    State(app): Apps,
    Segments((address, last_seen)): Segments<(String, String)>,
    viewpoint: Viewpoint,
) -> Page {
    let source = Source::new(&app, &viewpoint)?;
    let owner = params::owner(&address, source.params())?;
    Ok(Json(confirmed_of(&source, owner, Some(params::txid(&last_seen)?)).await?))
}

/// The transactions of an address that wait in the mempool, at most 50, the last to arrive first.
#[utoipa::path(get, path = "/api/address/{address}/txs/mempool", tag = "addresses",
    params(("address" = String, Path, description = "The address"), Viewpoint),
    responses((status = 200, body = Vec<TransactionInfo>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn waiting(State(app): Apps, Segments(address): Segments<String>, viewpoint: Viewpoint) -> Page {
    let source = Source::new(&app, &viewpoint)?;
    let owner = params::owner(&address, source.params())?;
    Ok(Json(waiting_of(&source, owner).await?))
}

async fn waiting_of(source: &Source<'_>, owner: PublicKey) -> Result<Vec<TransactionInfo>, Problem> {
    let mut index = source.index().await?;
    source.read_payments(&mut index).await?;
    let is_of_owner = |waiting: &Waiting<'_>| !Moves::of(&owner, *waiting, &index.chain, &index.mempool).is_empty();
    let mut found: Vec<_> = index.mempool.waiting().filter(is_of_owner).collect();
    found.sort_by_key(|waiting| std::cmp::Reverse(waiting.entry.since));
    found.truncate(WAITING_PAGE);
    let payment = |waiting: &Waiting<'_>| Found::waiting(&waiting.transaction.as_ref().clone().into());
    let payments: Vec<_> = found.iter().map(payment).collect();
    // the index is locked, and is asked for the coins too
    drop(index);
    Ok(describe(source, &payments).await)
}

async fn describe(source: &Source<'_>, found: &[Found]) -> Vec<TransactionInfo> {
    let spent = source.outputs(found.iter().flat_map(Found::inputs)).await;
    let info = |found: &Found| TransactionInfo::new(source.params(), found, &spent).with_status(found.confirmed);
    found.iter().map(info).collect()
}

async fn confirmed_of(
    source: &Source<'_>,
    owner: PublicKey,
    last_seen: Option<Txid>,
) -> Result<Vec<TransactionInfo>, Problem> {
    let index = source.index().await?;
    let history = index.chain.owner(&owner).map_or(&[][..], |known| &known.history);
    let end = match last_seen {
        None => history.len(),
        Some(last) => history.iter().rposition(|txid| *txid == last).ok_or_else(|| {
            Problem::unknown(format!("the address has no confirmed transaction {last}; begin again without it"))
        })?,
    };
    let page = history.get(end.saturating_sub(PAGE)..end).unwrap_or_default();
    let page: Vec<_> = page.iter().rev().filter_map(|txid| Some((*txid, index.chain.block_of(txid)?))).collect();
    drop(index);
    let mut found = Vec::with_capacity(page.len());
    for (txid, at) in page {
        // one block at a time, since a block is much larger than a transaction
        let block = source.block(at.hash).await?;
        found.extend(Found::in_block(&block, txid, true));
    }
    Ok(describe(source, &found).await)
}

/// What a payment that waits does to an owner's coins.
struct Moves {
    paid: Vec<TxOut>,
    spent: Vec<TxOut>,
}

impl Moves {
    fn of(owner: &PublicKey, waiting: Waiting<'_>, chain: &ChainIndex, mempool: &MempoolIndex) -> Self {
        let is_of_owner = |output: &TxOut| output.owner == *owner;
        let coins = waiting.transaction.inputs.iter();
        let coins =
            coins.filter_map(|coin| chain.output(coin).map(|indexed| indexed.output).or_else(|| mempool.output(coin)));
        Self {
            paid: waiting.transaction.outputs.iter().copied().filter(is_of_owner).collect(),
            spent: coins.filter(is_of_owner).collect(),
        }
    }

    const fn is_empty(&self) -> bool {
        self.paid.is_empty() && self.spent.is_empty()
    }

    fn add_to(&self, totals: &mut Totals) {
        self.paid.iter().for_each(|output| totals.fund(output));
        self.spent.iter().for_each(|output| totals.spend(output));
    }
}
