//! Receipts: made for whom one paid, and verified without a network.

use std::{
    error::Error,
    fs::File,
    io::{self, Read as _},
    path::Path,
    time::Duration,
};

use tokio::time::{Instant, timeout};
use toycoin_core::{
    ChainParams, HumanDuration, OutPoint, TxOut, Txid, Work,
    proof::{Receipt, ReceiptTransaction},
};
use toycoin_light::{LEAST_HEIGHT, MAX_RECEIPT, MAX_RECEIPT_HEADERS, ReceiptFile, ReceiptFileError, Shown, ShownWork};
use toycoin_node::{
    NodeHandle, Stopped,
    light::{Event, LightClient, LightStatus, Tip},
};

use crate::{
    arguments::Network,
    clock::now_ms,
    columns::wrap,
    gave_up::GaveUp,
    header_lines::{ago, header_lines},
    joining,
    light::joining::{Follower, catch_up},
    meshing::ClientMeeting,
    tell,
    words::{count, grouped, money},
};

/// Names of the columns, and the width of their column.
const LABEL: usize = 15;

/// A light client that collects a receipt, and watches nobody.
struct Collector {
    client: LightClient,
}

impl Follower for Collector {
    fn client(&self) -> &LightClient {
        &self.client
    }

    fn is_searched(&self, _: &LightStatus) -> bool {
        true
    }

    async fn next(&mut self) -> Result<(), Box<dyn Error>> {
        self.client.next().await.map(|_| ()).ok_or_else(|| "the light client has stopped".into())
    }
}

/// Collects the receipt of a payment from full nodes, without a chain. `vouts` are the outputs that it points to, the
/// first one unless some are named.
///
/// A chain that is too short for a proof of work is fetched, and its headers stand in the receipt.
///
/// # Errors
/// If no block holds the payment, or the nodes withhold it, or the payment has no such output. [`GaveUp`] if nobody
/// can be reached, or nobody answers.
pub async fn prove(
    meeting: &ClientMeeting,
    params: &ChainParams,
    txid: Txid,
    vouts: &[u32],
    patience: Duration,
) -> Result<ReceiptFile, Box<dyn Error>> {
    let client = meeting.light(params.clone(), "wallet").await?.spawn()?;
    let mut collector = Collector { client };
    catch_up(&mut collector, meeting, patience).await?;
    let height = collector.client.status().await?.tip.header.height;
    let file = if height < LEAST_HEIGHT {
        drop(collector);
        let blocks = count(height, "block");
        tell!("note: the chain has {blocks}, too few for a proof of work; the receipt holds their headers instead");
        prove_by_headers(meeting, params, txid, patience).await?
    } else {
        collect(&mut collector.client, txid, patience).await?
    };
    let paid = if vouts.is_empty() { vec![0] } else { vouts.to_vec() };
    let file = ReceiptFile { paid, ..file };
    let shown = file.verify(params, now_ms()).map_err(|error| match error {
        ReceiptFileError::Paid { vout } => format!("payment {txid} has no output {vout}, or it was named twice"),
        error => format!("the receipt does not hold: {error}"),
    })?;
    let (height, confirmations) = (shown.block.height, count(shown.confirmations(), "confirmation"));
    tell!("the receipt shows the payment in block {height}, {confirmations}");
    Ok(file)
}

/// Returns the tip that full nodes prove.
///
/// # Errors
/// If nobody can be reached. [`GaveUp`] if nobody answers, or nobody proves what is claimed.
pub async fn tip(meeting: &ClientMeeting, params: &ChainParams, patience: Duration) -> Result<Tip, Box<dyn Error>> {
    let client = meeting.light(params.clone(), "wallet").await?.spawn()?;
    let mut collector = Collector { client };
    catch_up(&mut collector, meeting, patience).await?;
    Ok(collector.client.status().await?.tip)
}

/// Returns the lines about a tip that was proved.
pub fn tip_lines(tip: &Tip) -> Vec<String> {
    let mut lines = vec![format!("block {}, the tip", tip.header.height)];
    lines.extend(header_lines(&tip.header, &tip.hash).iter().map(|line| format!("  {line}")));
    lines.push(format!("  work         {} behind it, proved", hashes(tip.work)));
    lines
}

/// Lets the client collect the receipt.
async fn collect(client: &mut LightClient, txid: Txid, patience: Duration) -> Result<ReceiptFile, Box<dyn Error>> {
    client.prove(txid).await?;
    tell!("asking for the receipt of {txid}");
    let until = Instant::now() + patience;
    loop {
        let event = timeout(until.saturating_duration_since(Instant::now()), client.next()).await.map_err(|_| {
            let waited = HumanDuration::from(patience);
            GaveUp::new(format!("no node gave a receipt within {waited}; try again, or others with --relay or --peer"))
        })?;
        match event.ok_or("the light client has stopped")? {
            Event::Receipt(bundle) if bundle.receipt.transaction.ids().0 == txid => {
                return Ok(ReceiptFile::from_bundle(client.params(), &bundle, Vec::new())?);
            }
            Event::NoReceipt { txid: found } if found == txid => return Err(nowhere(txid)),
            _ => {}
        }
    }
}

fn nowhere(txid: Txid) -> Box<dyn Error> {
    format!("no block holds payment {txid}, as far as the nodes say; `wallet tx {txid}` shows whether it waits").into()
}

/// Fetches the chain, and returns the receipt with headers in place of proofs, and with the coins that were spent.
async fn prove_by_headers(
    meeting: &ClientMeeting,
    params: &ChainParams,
    txid: Txid,
    patience: Duration,
) -> Result<ReceiptFile, Box<dyn Error>> {
    let node = meeting.node(params.clone(), "wallet").await?.spawn().await?;
    meeting.wait(&node, patience).await?;
    joining::catch_up(&node, patience).await?;
    let file = by_headers(&node, txid).await;
    node.shutdown().await?;
    file
}

async fn by_headers(node: &NodeHandle, txid: Txid) -> Result<ReceiptFile, Box<dyn Error>> {
    let place = node.transaction(txid).await?;
    let (hash, height) = place.and_then(|place| place.block).ok_or_else(|| nowhere(txid))?;
    let block = node.block(hash).await?.ok_or("its block is gone; try again")?;
    let index = block.ids().iter().position(|(id, _)| *id == txid).ok_or("its block is another now; try again")?;
    let receipt = Receipt::of(&block, u32::try_from(index)?).ok_or("its block is another now; try again")?;
    let Receipt { inclusion, transaction, .. } = receipt;
    let mut headers = vec![block.block().header];
    while headers.len() < MAX_RECEIPT_HEADERS {
        match node.block_at(height + headers.len() as u64).await? {
            Some(next) => headers.push(next.block().header),
            None => break,
        }
    }
    let inputs = match &transaction {
        ReceiptTransaction::Transaction(payment) => payment.inputs.clone(),
        ReceiptTransaction::Coinbase(_) => Vec::new(),
    };
    let mut spends = Vec::new();
    for input in &inputs {
        spends.extend(coin(node, input).await?);
    }
    Ok(ReceiptFile {
        network: node.params().spec().name.clone(),
        genesis: node.params().genesis_hash(),
        transaction,
        paid: Vec::new(),
        inclusion,
        headers,
        ancestry: None,
        spends: (!inputs.is_empty() && spends.len() == inputs.len()).then_some(spends),
    })
}

/// Returns a coin that the chain created, spent or not.
async fn coin(node: &NodeHandle, outpoint: &OutPoint) -> Result<Option<TxOut>, Stopped> {
    let Some(place) = node.transaction(outpoint.txid).await? else { return Ok(None) };
    let outputs = match (place.transaction, place.block) {
        (Some(transaction), _) => transaction.outputs,
        (None, Some((block, _))) => match node.block(block).await? {
            Some(block) => block.block().coinbase.outputs.clone(),
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    Ok(usize::try_from(outpoint.vout).ok().and_then(|vout| outputs.get(vout).copied()))
}

/// Reads a receipt; `-` stands for standard input.
///
/// # Errors
/// If it cannot be read, or is no receipt.
pub fn read(path: &Path) -> Result<ReceiptFile, Box<dyn Error>> {
    let mut bytes = Vec::new();
    let most = MAX_RECEIPT as u64 + 1;
    let read = match path.as_os_str() == "-" {
        true => io::stdin().lock().take(most).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    read.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    ReceiptFile::read(&bytes).map_err(|error| format!("{} is no receipt: {error}", path.display()).into())
}

/// Verifies a receipt, and returns what it shows.
///
/// # Errors
/// If it does not hold.
pub fn verified(file: &ReceiptFile, params: &ChainParams) -> Result<Shown, Box<dyn Error>> {
    match file.verify(params, now_ms()) {
        Ok(shown) => Ok(shown),
        Err(error @ (ReceiptFileError::OtherNetwork { .. } | ReceiptFileError::NetworkName { .. })) => {
            let known = [Network::Lab, Network::Reference, Network::Regtest];
            let of = |network: &Network| network.params().genesis_hash() == file.genesis;
            let hint = match known.iter().find(|network| of(network)) {
                Some(network) => format!("try --network {}", network.params().spec().name),
                None => "--params FILE names its network".to_owned(),
            };
            Err(format!("not verified: {error}; {hint}").into())
        }
        Err(error) if error.is_deferred() => Err(format!("not verified yet: {error}; is the clock right?").into()),
        Err(error) => Err(format!("the receipt does not hold: {error}").into()),
    }
}

/// Returns the lines that say what a receipt shows and what it does not.
pub fn lines(shown: &Shown, params: &ChainParams) -> Vec<String> {
    let row = |label: &str, text: &str| wrap(&format!("{label:<LABEL$}"), text);
    let what = if shown.is_coinbase { "reward" } else { "payment" };
    let mut lines = row(what, &shown.txid.to_string());
    lines.extend(row("network", &params.spec().name));
    let to = |output: &TxOut| format!("{} to {}", money(output.value), params.address(output.owner));
    lines.extend(shown.paid_outputs().flat_map(|output| row("pays", &to(output))));
    lines.extend(shown.other_outputs().flat_map(|output| row("and", &format!("{}, change perhaps", to(output)))));
    if let Some(payers) = &shown.payers {
        let mut payers = payers.clone();
        payers.sort();
        payers.dedup();
        lines.extend(payers.iter().flat_map(|payer| row("signed by", &params.address(*payer).to_string())));
    }
    let when = |time: u64| ago(time).trim_start_matches(", ").to_owned();
    lines.extend(row("in block", &format!("{}, {}", grouped(shown.block.height), when(shown.block.time))));
    lines.extend(row("", &shown.block_hash.to_string()));
    let tip = format!("up to block {}, {}", grouped(shown.tip.height), when(shown.tip.time));
    lines.extend(row("confirmations", &format!("{}, {tip}", grouped(shown.confirmations()))));
    let work = match shown.work {
        ShownWork::Chain { total, since } => {
            format!("{} from its block on, of {} of the whole chain", hashes(since), hashes(total))
        }
        ShownWork::Headers(work) => format!("{} of these headers", hashes(work)),
    };
    lines.extend(row("work", &work));
    lines.extend(row("shown", &said_shown(shown)));
    lines.extend(row("not shown", &said_not_shown(shown)));
    lines
}

fn said_shown(shown: &Shown) -> String {
    let behind = match shown.work {
        ShownWork::Chain { .. } => {
            "the tip commits to that block, and the work of the whole chain stands behind the tip"
        }
        ShownWork::Headers(_) => "the headers that follow build on it, each with its proof of work",
    };
    let signed = if shown.payers.is_some() { "; the payers signed it" } else { "" };
    format!("the block holds the payment; {behind}{signed}")
}

fn said_not_shown(shown: &Shown) -> String {
    let mut not = vec!["that this is the best chain: another with more work may not have the payment"];
    if matches!(shown.work, ShownWork::Headers(_)) {
        not.push("that these headers belong to the network's chain at all");
    }
    not.push("that its last block is recent");
    if shown.payers.is_none() && !shown.is_coinbase {
        not.push("who signed it: the miners checked that");
    }
    not.join("; ")
}

/// Returns a number of hashes in words.
fn hashes(work: Work) -> String {
    let number = work.to_f64();
    let scales = [(1e18, "quintillion"), (1e15, "quadrillion"), (1e12, "trillion"), (1e9, "billion"), (1e6, "million")];
    match scales.into_iter().find(|(scale, _)| number >= *scale) {
        Some((scale, name)) => format!("{:.1} {name} hashes", number / scale),
        None => format!("{number:.0} hashes"),
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, FeeRate, SecretKey, wallet::Wallet};

    use super::*;
    use crate::columns::{WIDTH, width};

    fn receipt() -> Result<ReceiptFile, Box<dyn Error>> {
        let params = ChainParams::regtest();
        let mut chain = Chain::in_memory(params.clone());
        let mut wallet = Wallet::new(params.clone(), SecretKey::classroom(0));
        let to = params.address(SecretKey::classroom(1).public_key());
        let payment = wallet.pay(to, "2.5".parse()?, FeeRate::ZERO)?;
        let txid = payment.txid();
        let now_ms = 1_767_226_000_000;
        let block = chain.template(vec![payment], to.owner(), b"", now_ms)?.mine_trivial();
        chain.apply(block.clone(), now_ms)?;
        let receipt = chain.receipt(&txid)?.ok_or("a receipt")?;
        Ok(ReceiptFile {
            network: "regtest".into(),
            genesis: params.genesis_hash(),
            transaction: receipt.transaction,
            paid: vec![0],
            inclusion: receipt.inclusion,
            headers: vec![block.header],
            ancestry: None,
            spends: None,
        })
    }

    #[test]
    fn says_what_is_shown_and_what_not_in_80_columns() -> Result<(), Box<dyn Error>> {
        let params = ChainParams::regtest();
        let lines = lines(&verified(&receipt()?, &params)?, &params);
        assert!(lines.iter().all(|line| width(line) <= WIDTH), "{lines:#?}");
        let said = lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        let bob = ChainParams::regtest().address(SecretKey::classroom(1).public_key());
        for text in [
            &*format!("pays 2.50 to {bob}"),
            "change perhaps",
            "confirmations 1, up to block 1,",
            "work 2 hashes of these headers",
            "shown the block holds the payment",
            "not shown that this is the best chain",
            "that its last block is recent; who signed it",
        ] {
            assert!(said.contains(text), "{text}: {said}");
        }
        Ok(())
    }

    #[test]
    fn a_receipt_of_another_network_says_which_option_helps() -> Result<(), Box<dyn Error>> {
        let error = verified(&receipt()?, &ChainParams::lab()).unwrap_err().to_string();
        assert!(error.starts_with("not verified: ") && error.ends_with("try --network regtest"), "{error}");
        let mut tampered = receipt()?;
        tampered.inclusion.siblings.clear();
        let error = verified(&tampered, &ChainParams::regtest()).unwrap_err().to_string();
        assert_eq!(error, "the receipt does not hold: the block does not hold the transaction");
        Ok(())
    }

    #[test]
    fn large_works_have_names() {
        let work = |exponent: usize| {
            let mut bytes = [0; 32];
            bytes[31 - exponent / 8] = 1 << (exponent % 8);
            hashes(Work::from_be_bytes(bytes))
        };
        assert_eq!([work(4), work(20), work(40)], ["16 hashes", "1.0 million hashes", "1.1 trillion hashes"]);
    }
}
