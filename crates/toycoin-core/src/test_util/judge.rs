//! All stages of consensus in sequence.

use std::convert::Infallible;

use crate::{
    block::Block,
    consensus::{
        BlockContext, ConnectedBlock, HeaderContext, PlainVerifier, RuleError, check_body, check_form, check_header,
        connect, gather,
    },
    identified_block::IdentifiedBlock,
    params::ChainParams,
    utxo::UtxoView,
};

/// Judges a block as a node does: form, header, body, coins, connection.
///
/// `context` and `place` are those of the parent, and `coins` is the UTXO set after it. `now_ms` is the Unix time in
/// milliseconds.
///
/// # Errors
/// The first rule that the block breaks.
pub fn judge<V: UtxoView<Error = Infallible>>(
    params: &ChainParams,
    context: &HeaderContext,
    place: BlockContext<'_>,
    coins: &V,
    block: Block,
    now_ms: u64,
) -> Result<ConnectedBlock, RuleError> {
    let block = IdentifiedBlock::from(block);
    check_form(params, &block)?;
    check_header(params, &block.header, block.hash(), context, now_ms)?;
    let block = check_body(params, block, &crate::state::Deltas::default())?;
    let Ok(found) = gather(&block, coins);
    connect(params, &block, &found, place, &PlainVerifier)
}
