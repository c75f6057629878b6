//! Valid headers that are not in the tree yet: held back until their work exceeds our tip's.
//!
//! So a flood of cheap headers costs its sender the work, and costs this node only a bounded buffer.

use toycoin_core::{
    BlockHash, ChainParams, Header, Work,
    chain::HeaderTree,
    consensus::{HeaderContext, RuleError, check_header},
};

/// A sequence of held headers on top of a block of the tree.
#[derive(Debug)]
pub(super) struct Held {
    headers: Vec<Header>,
    context: HeaderContext,
    work: Work,
    /// Timestamp of the next header, if that one lies in the future. Nothing after it is followed for now.
    cut_at: Option<u64>,
}

/// The reason why an answer with headers is useless or wrong.
#[derive(Debug)]
pub(super) enum HeadersError {
    /// The answer has no new headers.
    Nothing,
    /// The first header's parent is unknown.
    UnknownStart,
    /// A header does not link to the one before.
    Unlinked,
    /// The header with this hash breaks a rule.
    Rule(BlockHash, RuleError),
}

impl Held {
    /// Judges headers that follow held ones, or follow a block of the tree.
    pub(super) fn extended(
        before: Option<Self>,
        tree: &HeaderTree,
        headers: &[Header],
        now_ms: u64,
    ) -> Result<Self, HeadersError> {
        // known headers are useless, but show where the new ones begin
        let mut news = headers.iter().skip_while(|header| tree.get(&header.hash()).is_some()).peekable();
        let first = news.peek().ok_or(HeadersError::Nothing)?;
        let mut held = match before {
            Some(held) if first.previous == held.context.parent => held,
            // the peer has reorganised between two pages: ask later, from the start
            Some(held) if tree.get(&held.context.parent).is_none() => return Err(HeadersError::Nothing),
            // the held headers have entered the tree by another way meanwhile
            _ => {
                let parent = tree.get(&first.previous).ok_or(HeadersError::UnknownStart)?;
                let context = tree.context_after(&parent.hash).ok_or(HeadersError::UnknownStart)?;
                Self { headers: Vec::new(), context, work: parent.work, cut_at: None }
            }
        };
        for header in news {
            if header.previous != held.context.parent {
                return Err(HeadersError::Unlinked);
            }
            match held.push(tree.params(), header, now_ms) {
                Ok(()) => {}
                // valid but for its time: its descendants are not followed until then
                Err(error) if error.is_deferred() => {
                    held.cut_at = Some(header.time);
                    break;
                }
                Err(error) => return Err(HeadersError::Rule(header.hash(), error)),
            }
        }
        Ok(held)
    }

    pub(super) fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Returns the number of headers.
    pub(super) const fn len(&self) -> usize {
        self.headers.len()
    }

    /// Returns the last header's hash.
    pub(super) const fn last(&self) -> BlockHash {
        self.context.parent
    }

    /// Returns the work of the chain up to the last header.
    pub(super) const fn work(&self) -> Work {
        self.work
    }

    /// Returns the timestamp of the header after the last one, if it lies in the future.
    pub(super) const fn cut_at(&self) -> Option<u64> {
        self.cut_at
    }

    fn push(&mut self, params: &ChainParams, header: &Header, now_ms: u64) -> Result<(), RuleError> {
        let hash = header.hash();
        check_header(params, header, hash, &self.context, now_ms)?;
        self.context.extend(header, hash);
        self.work = self.work + header.bits.to_target().map(|target| target.work()).unwrap_or_default();
        self.headers.push(*header);
        Ok(())
    }
}
