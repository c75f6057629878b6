//! Headers that are right in their place and are not in the tree yet: held back until their work beats our tip's.
//!
//! A flood of cheap headers so costs its sender the work and us a bounded buffer.

use toycoin_core::{
    BlockHash, ChainParams, Header, Work,
    chain::HeaderTree,
    consensus::{HeaderContext, RuleError, check_header},
};

/// A row of headers on a block of the tree.
#[derive(Debug)]
pub(super) struct Held {
    headers: Vec<Header>,
    context: HeaderContext,
    work: Work,
    /// More came, but its time, which is this, has not: nothing behind the last one is followed for now.
    cut_at: Option<u64>,
}

/// What is wrong with an answer of headers.
#[derive(Debug)]
pub(super) enum HeadersError {
    /// There is nothing new in it.
    Nothing,
    /// The first one's parent is unknown.
    UnknownStart,
    /// One does not follow on the one before.
    Unlinked,
    /// This one breaks a rule.
    Rule(BlockHash, RuleError),
}

impl Held {
    /// Judges headers behind those that are held already, or behind a block of the tree.
    pub(super) fn extended(
        before: Option<Self>,
        tree: &HeaderTree,
        headers: &[Header],
        now_ms: u64,
    ) -> Result<Self, HeadersError> {
        // what we know already is of no use, but shows where the news begin
        let mut news = headers.iter().skip_while(|header| tree.get(&header.hash()).is_some()).peekable();
        let first = news.peek().ok_or(HeadersError::Nothing)?;
        let mut held = match before {
            Some(held) if first.previous == held.context.parent => held,
            // it has reorganised between two pages: later, from the start
            Some(held) if tree.get(&held.context.parent).is_none() => return Err(HeadersError::Nothing),
            // what was held came from elsewhere meanwhile
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
                // right but for the moment: what builds on it is not followed until then
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

    /// Returns how many they are.
    pub(super) const fn len(&self) -> usize {
        self.headers.len()
    }

    /// Returns the hash of the last one.
    pub(super) const fn last(&self) -> BlockHash {
        self.context.parent
    }

    /// Returns the work of the chain up to the last one.
    pub(super) const fn work(&self) -> Work {
        self.work
    }

    /// Returns the time of the header that came behind the last one and is ahead of its time.
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
