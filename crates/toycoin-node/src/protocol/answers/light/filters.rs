//! Filters of neighbouring blocks.

use std::{fmt::Display, ops::Range};

use toycoin_core::{chain::Chain, store::ChainStore};
use toycoin_wire::{
    limits::{MAX_FILTERS, MAX_FILTERS_PAYLOAD, TAG_SIZE},
    node::{GetFilters, NodeMessage},
};

use super::Given;
use crate::{
    limits,
    protocol::answers::questions::{Plan, Source},
};

/// Plans filters: as many bytes as the number of blocks lets expect.
pub(super) fn plan<S: ChainStore>(request: &GetFilters, chain: &Chain<S>) -> Plan {
    let Some(heights) = wanted(request, chain) else {
        return Plan { tokens: 0, length: limits::MAX_ENVELOPE_BYTES, source: Source::Chain };
    };
    let blocks = heights.end - heights.start;
    let bytes = (limits::FILTER_BYTES * blocks).clamp(limits::FILTERS_BYTES, MOST_BYTES);
    Plan {
        tokens: bytes + limits::FILTER_TOKENS * blocks,
        // the first one is given however long it is
        length: bytes.max(LONGEST) + limits::MAX_ENVELOPE_BYTES,
        source: Source::Chain,
    }
}

/// Gives the filters of blocks, the lowest first, up to the one that would pass the planned bytes. The first is given in
/// any case.
pub(super) fn give<S: ChainStore<Error: Display>>(
    request: &GetFilters,
    plan: &Plan,
    chain: &Chain<S>,
) -> Result<Given, String> {
    let Some(heights) = wanted(request, chain) else {
        return Ok(Given::missing(request.last.to_bytes(), 0));
    };
    let planned = plan.tokens.saturating_sub(limits::FILTER_TOKENS * (heights.end - heights.start));
    let (mut filters, mut bytes) = (Vec::new(), COUNT_BYTES);
    for height in heights {
        let Some(filter) = chain.filter_at(height).map_err(|error| error.to_string())? else { break };
        let length = filter.encoded_size() as u64;
        if !filters.is_empty() && bytes + length > planned {
            break;
        }
        bytes += length;
        filters.push(filter);
    }
    let tokens = plan.tokens.min(bytes + limits::FILTER_TOKENS * filters.len() as u64);
    Ok(Given { message: Some(NodeMessage::Filters(filters)), missing: Vec::new(), bytes, tokens })
}

/// Returns the heights whose filters are asked for, as many as one message holds; `None` if the last block is not on the
/// active chain, or is below the first.
fn wanted<S: ChainStore>(request: &GetFilters, chain: &Chain<S>) -> Option<Range<u64>> {
    let last = chain.headers().get(&request.last).filter(|_| chain.is_active(&request.last))?.header.height;
    let end = (last + 1).min(request.first.saturating_add(MAX_FILTERS as u64));
    (request.first < end).then_some(request.first..end)
}

/// Bytes of the number of filters in a message.
const COUNT_BYTES: u64 = 8;

/// Most bytes of a message of filters without its tag.
const MOST_BYTES: u64 = (MAX_FILTERS_PAYLOAD - TAG_SIZE) as u64;

/// Most bytes of one filter: a block of 1 MB has at most 25,000 outputs, whose items take 21 bits on average.
const LONGEST: u64 = 128 << 10;
