//! What there is on a chain, as lines: a block, a payment, the tip, the mempool, the peers.

use std::{error::Error, str::FromStr, sync::Arc};

use toycoin_core::{Block, BlockHash, ChainParams, CheckedBlock, TxOut, Txid};
use toycoin_node::{
    NodeHandle,
    peering::{PeerAddress, PeerId},
    protocol::{Direction, PeerInfo, TransactionPlace},
};
use toycoin_wire::printable;

use crate::{
    columns::wrap,
    header_lines::{ago, header_lines},
    mempool_rows,
    words::price,
};

/// Most characters of a miner's text that are shown, after escaping.
const MINER_TEXT: usize = 60;

/// Most characters of a peer's address that are shown.
const PLACE: usize = 60;

/// A block's name: its height or its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockName {
    /// The height of a block of the active chain.
    Height(u64),
    /// The hash of any block.
    Hash(BlockHash),
}

impl FromStr for BlockName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // a height has at most 20 digits, a hash always 64
        let height = text.parse().map(Self::Height).ok();
        let hash = || text.parse().map(Self::Hash).ok();
        height.or_else(hash).ok_or_else(|| "a block has a height, such as 8, or a hash of 64 hexadecimal digits".into())
    }
}

/// Returns the lines about a block.
///
/// # Errors
/// When the chain has no such block, or the node has ended.
pub async fn block(node: &NodeHandle, name: BlockName) -> Result<Vec<String>, Box<dyn Error>> {
    let (found, confirmations) = find_block(node, name).await?;
    Ok(block_lines(found.block(), &found.hash(), confirmations, node.params()))
}

/// Returns a block with its confirmations; `None` if it is not on the active chain.
///
/// # Errors
/// When the chain has no such block, or the node has ended.
pub async fn find_block(
    node: &NodeHandle,
    name: BlockName,
) -> Result<(Arc<CheckedBlock>, Option<u64>), Box<dyn Error>> {
    let tip = node.status().await?.tip.height;
    let found = match name {
        BlockName::Height(height) => {
            node.block_at(height).await?.ok_or_else(|| format!("there is no block {height}: the tip is block {tip}"))?
        }
        BlockName::Hash(hash) => {
            node.block(hash).await?.ok_or_else(|| format!("no block with the hash {hash} is known"))?
        }
    };
    let is_active = node.block_at(found.height()).await?.is_some_and(|active| active.hash() == found.hash());
    // the tip may have moved meanwhile
    let confirmations = is_active.then(|| (tip + 1).saturating_sub(found.height()).max(1));
    Ok((found, confirmations))
}

fn block_lines(block: &Block, hash: &BlockHash, confirmations: Option<u64>, params: &ChainParams) -> Vec<String> {
    let header = &block.header;
    let standing = match confirmations {
        Some(1) => "the tip".into(),
        Some(confirmations) => format!("{confirmations} confirmations"),
        None => "stale: the chain goes another way".into(),
    };
    let text = String::from_utf8_lossy(&block.coinbase.extra);
    let mut lines = vec![format!("block {}, {standing}", header.height)];
    lines.extend(header_lines(header, hash).iter().map(|line| format!("  {line}")));
    lines.extend([
        format!("  size         {} bytes", block.size()),
        format!("  miner        {}", printable(text.rsplit_once('#').map_or(&*text, |(name, _)| name), MINER_TEXT)),
    ]);
    lines.extend(block.coinbase.outputs.iter().map(|output| paid("  mined       ", output, params)));
    lines.push(format!("  payments     {}", block.transactions.len()));
    lines.extend(block.transactions.iter().map(|payment| format!("    {}", payment.txid())));
    lines
}

/// Returns the lines about a payment.
///
/// # Errors
/// When nothing is known of it, or the node has ended.
pub async fn payment(node: &NodeHandle, txid: Txid) -> Result<Vec<String>, Box<dyn Error>> {
    let place = place_of(node, txid).await?;
    Ok(payment_lines(txid, &place, node.params()))
}

/// Returns a payment with its place.
///
/// # Errors
/// As [`payment`].
pub async fn place_of(node: &NodeHandle, txid: Txid) -> Result<TransactionPlace, Box<dyn Error>> {
    let place = node.transaction(txid).await?;
    Ok(place.ok_or_else(|| {
        format!("no payment {txid} is in the chain, and none was heard since this program joined; try again later")
    })?)
}

fn payment_lines(txid: Txid, place: &TransactionPlace, params: &ChainParams) -> Vec<String> {
    let mut lines = vec![format!("payment {txid}")];
    lines.push(match place.block {
        Some((_, height)) if place.confirmations == 1 => format!("  in block {height}, the tip: 1 confirmation"),
        Some((_, height)) => format!("  in block {height}, {} confirmations", place.confirmations),
        None => "  waits for a block".into(),
    });
    let Some(transaction) = &place.transaction else {
        lines.push("  a coinbase: it creates the block's new coins, and spends none".into());
        return lines;
    };
    lines.extend(transaction.inputs.iter().map(|input| format!("  spends  {input}")));
    lines.extend(transaction.outputs.iter().map(|output| paid("  pays ", output, params)));
    lines.push(format!("  size    {} bytes", transaction.size()));
    lines
}

/// Returns the lines about the tip.
///
/// # Errors
/// When the node has ended.
pub async fn tip(node: &NodeHandle) -> Result<Vec<String>, Box<dyn Error>> {
    let tip = node.status().await?.tip;
    Ok(vec![format!("block {}{}", tip.height, ago(tip.time)), format!("  hash  {}", tip.hash)])
}

/// Returns the lines about the mempool.
///
/// # Errors
/// When the node has ended.
pub async fn mempool(node: &NodeHandle) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(mempool_rows::lines(&node.mempool(None, mempool_rows::ROWS).await?))
}

/// Returns the lines about the peers: for people, or JSON with a line for each.
///
/// # Errors
/// When the node has ended.
pub async fn peers(node: &NodeHandle, json: bool) -> Result<Vec<String>, Box<dyn Error>> {
    let peers = node.peers().await?;
    if json {
        return Ok(peers.iter().map(peer_json).collect());
    }
    let count = match peers.len() {
        0 => "no other node is heard".into(),
        1 => "1 other node is heard".into(),
        count => format!("{count} other nodes are heard"),
    };
    Ok([count].into_iter().chain(peers.iter().flat_map(peer_lines)).collect())
}

/// Returns the lines about a peer. One that is heard through a relay has one line. One that is connected directly has
/// more, since its peer id and its address do not fit beside each other.
fn peer_lines(peer: &PeerInfo) -> Vec<String> {
    let claim = match &peer.claim {
        Some(claim) if claim.is_verified => format!("height {}", claim.height),
        Some(claim) => format!("claims height {}", claim.height),
        None => "has not said its height".into(),
    };
    let muted = if peer.muted { ", muted" } else { "" };
    let standing = format!("{claim}, {} points{muted}", peer.score);
    let Some(direction) = peer.direction else {
        return vec![format!("  {}  {standing}", peer.id)];
    };
    let (id, place) = id_and_place(peer);
    let dialled = match direction {
        Direction::Inbound => "dialled us from",
        Direction::Outbound => "dialled at",
    };
    let mut lines = vec![format!("  {id}")];
    lines.extend(wrap("    ", &format!("{dialled} {place}, {standing}")));
    lines
}

/// Returns a peer as a line of JSON. What is only known of peers that are connected directly is `null` for others.
fn peer_json(peer: &PeerInfo) -> String {
    let address = peer.address.as_deref().and_then(|text| text.parse::<PeerAddress>().ok());
    let direction = peer.direction.map(|direction| match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    });
    let object = serde_json::json!({
        "id": peer.id.to_string(),
        "peer_id": address.as_ref().and_then(|address| address.peer.as_ref()).map(PeerId::to_string),
        "address": address.as_ref().map(|address| address.endpoint.to_string()),
        "direction": direction,
        "height": peer.claim.map(|claim| claim.height),
        "verified": peer.claim.is_some_and(|claim| claim.is_verified),
        "score": peer.score,
        "muted": peer.muted,
    });
    object.to_string()
}

/// Returns the peer id of a peer that is connected directly, and its address.
fn id_and_place(peer: &PeerInfo) -> (String, String) {
    let address = peer.address.as_deref().unwrap_or("an unknown address");
    match address.parse::<PeerAddress>() {
        Ok(PeerAddress { endpoint, peer: Some(id) }) => (id.to_string(), endpoint.to_string()),
        _ => (peer.id.to_string(), printable(address, PLACE)),
    }
}

fn paid(what: &str, output: &TxOut, params: &ChainParams) -> String {
    let amount = price(output.value);
    format!("{what} {amount}\n          {}", params.address(output.owner))
}

#[cfg(test)]
mod tests {
    use toycoin_node::{protocol::PeerClaim, relay::ConnectionId};
    use toycoin_wire::NodeId;

    use super::*;
    use crate::columns::{WIDTH, width};

    #[test]
    fn a_block_is_named_by_height_or_hash() {
        let hash = ChainParams::lab().genesis_hash();
        assert_eq!("8".parse(), Ok(BlockName::Height(8)));
        assert_eq!(hash.to_string().parse(), Ok(BlockName::Hash(hash)));
        let error = BlockName::from_str("eight").expect_err("neither");
        assert!(error.contains("height") && error.contains("hash"), "{error}");
    }

    #[test]
    fn lines_about_peers_fit_80_columns() {
        let peer_id = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
        let claim = PeerClaim { height: 1_234_567, is_verified: false, is_ahead: true };
        let heard = PeerInfo {
            connection: ConnectionId(1),
            id: NodeId::new([7; 16]),
            direction: None,
            address: None,
            claim: Some(claim),
            score: 100,
            muted: true,
        };
        let address = format!("/ip6/2001:db8:1111:2222:3333:4444:5555:6666/tcp/65535/p2p/{peer_id}");
        let joined = PeerInfo { direction: Some(Direction::Inbound), address: Some(address), ..heard };
        let lines: Vec<_> = [&heard, &joined].into_iter().flat_map(peer_lines).collect();
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[1].contains(peer_id) && lines[2].ends_with("5555:6666/tcp/65535,"), "{lines:#?}");
        for line in lines {
            assert!(width(&line) <= WIDTH, "{line}");
        }
        let json: serde_json::Value = serde_json::from_str(&peer_json(&joined)).expect("JSON");
        assert_eq!((&json["peer_id"], &json["direction"]), (&peer_id.into(), &"inbound".into()));
        let json: serde_json::Value = serde_json::from_str(&peer_json(&heard)).expect("JSON");
        assert!(json["peer_id"].is_null() && json["address"].is_null() && json["height"] == 1_234_567, "{json}");
    }

    #[test]
    fn lines_about_a_block_fit_80_columns() {
        let params = ChainParams::lab();
        let lines = block_lines(params.genesis(), &params.genesis_hash(), None, &params);
        assert!(lines.iter().any(|line| line.contains("stale")), "{lines:#?}");
        let lines = block_lines(params.genesis(), &params.genesis_hash(), Some(3), &params);
        assert_eq!(lines[0], "block 0, 3 confirmations");
        for line in lines.iter().flat_map(|line| line.lines()) {
            assert!(width(line) <= WIDTH, "{line}");
        }
    }
}
