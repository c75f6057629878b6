//! The search for blocks that concern the owners, by filters.
//!
//! ```text
//!   birthday      confirmed          searched                            tip
//!      ├──────────────┼──────────────────┼── span ─┼── span ─┼── span ─────┤
//!      two servers gave   one server gave   requested ahead
//!      the same filters   these filters
//! ```
//!
//! A filter follows from its block alone, and no header commits to it. So a server can hide a payment by leaving it
//! out. Each filter is therefore asked of a second server once the first pass is through. Where two differ, the block
//! decides, and who lied is muted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use toycoin_core::{
    BlockHash, PublicKey,
    filter::{BlockFilter, FilterItem},
};
use toycoin_wire::{NodeMessage, node::GetFilters};

use super::{
    coins::Coins,
    dispute::{Dispute, digest},
    fetcher::Fetcher,
    heard::HeardFilters,
    io::{Event, Server},
    net::Net,
    servers::Kind,
    tip::TipKeeper,
};
use crate::limits;

/// The search for blocks that concern the owners.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) coins: Coins,
    fetcher: Fetcher,
    /// All blocks up to this height are searched.
    searched: u64,
    /// Up to this height, two servers gave the same filters.
    confirmed: u64,
    /// What is searched next, in order and without gaps.
    spans: VecDeque<Span>,
    /// The filters above `confirmed` and up to `searched`, as one server gave them.
    heard: HeardFilters,
    /// The last block of which each server was asked for filters.
    asked: BTreeMap<Server, BlockHash>,
    /// Who was asked for them as a second server.
    second: Option<Server>,
    dispute: Option<Dispute>,
    /// What was reported last: searched and confirmed.
    reported: (u64, u64),
}

/// Neighbouring blocks whose filters are asked of one server.
#[derive(Debug)]
struct Span {
    first: u64,
    last: u64,
    server: Option<Server>,
    /// Its filters, once they are here.
    filters: Vec<BlockFilter>,
    is_matched: bool,
    /// The blocks that match and are not searched yet, by height.
    hits: BTreeMap<u64, BlockHash>,
}

impl Search {
    /// Returns a search that goes on from what an earlier one found.
    pub(super) fn restore(searched: u64, coins: Coins) -> Self {
        Self { coins, searched, confirmed: searched, reported: (searched, searched), ..Self::default() }
    }

    /// Watches another owner. What was searched from its birthday on is searched again.
    pub(super) fn watch(&mut self, net: &mut Net, owner: PublicKey, birthday: u64) {
        let is_first = self.coins.birthday().is_none();
        let is_new = self.coins.watch(owner, birthday);
        if is_new {
            self.coins.allot(&owner, net.params.genesis());
        }
        if is_new && !is_first {
            self.rewind(net, birthday.saturating_sub(1));
        }
    }

    /// Returns the height up to which blocks are searched, and the height up to which that is confirmed.
    pub(super) const fn progress(&self) -> (u64, u64) {
        (self.searched, self.confirmed)
    }

    /// Forgets what was found above a height, since the chain above it may have changed.
    pub(super) fn rewind(&mut self, net: &mut Net, height: u64) {
        if height < self.searched {
            net.emit(Event::Rewound { height });
        }
        self.rewind_to(height);
    }

    /// Forgets what was found above a height, and keeps all below.
    fn rewind_to(&mut self, height: u64) {
        if height < self.searched {
            self.coins.rewind(height);
            self.spans.clear();
        }
        self.spans.retain_mut(|span| span.cut(height));
        self.searched = self.searched.min(height);
        self.confirmed = self.confirmed.min(height);
        self.fetcher.drop_above(height);
        let keep = self.searched.saturating_sub(self.confirmed);
        self.heard.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
        if self.dispute.as_ref().is_some_and(|dispute| dispute.height > height) {
            self.end_dispute();
        }
    }

    /// Drops the dispute, and the block that would settle it.
    fn end_dispute(&mut self) -> Option<Dispute> {
        let dispute = self.dispute.take()?;
        if !self.spans.front().is_some_and(|span| span.hits.contains_key(&dispute.height)) {
            self.fetcher.drop_at(dispute.height);
        }
        Some(dispute)
    }

    /// Asks for what is missing, and searches what is here.
    pub(super) fn act(&mut self, net: &mut Net, tip: &mut TipKeeper) {
        let Some(birthday) = self.coins.birthday() else { return };
        let before = birthday.saturating_sub(1).min(tip.tip().header.height);
        if self.searched < before && self.spans.is_empty() {
            (self.searched, self.confirmed) = (before, before);
            self.heard.truncate(0);
        }
        self.coins.forget_spent(tip.window.first().header.height);
        self.plan(tip);
        self.ask(net, tip);
        while self.search_first(net) {}
        self.confirm(net, tip);
        self.settle(net);
        self.fetcher.act(net, tip);
        self.drop_denied(net);
        if self.reported != self.progress() {
            self.reported = self.progress();
            net.emit(Event::Searched { height: self.searched, confirmed: self.confirmed });
        }
    }

    /// Plans spans up to the tip.
    fn plan(&mut self, tip: &TipKeeper) {
        while self.spans.len() < limits::SPANS {
            let first = self.spans.back().map_or(self.searched, |span| span.last) + 1;
            let last = tip.tip().header.height.min(first + limits::SPAN - 1);
            if first > last {
                return;
            }
            self.spans.push_back(Span::new(first, last));
        }
    }

    /// Asks for the filters of each span that nobody was asked for.
    fn ask(&mut self, net: &mut Net, tip: &TipKeeper) {
        let last = tip.tip().hash;
        for span in self.spans.iter_mut().filter(|span| span.server.is_none() && span.filters.is_empty()) {
            let Some(server) = net.pick(Kind::Filters, &BTreeSet::new(), |_| true) else { return };
            span.server = Some(server);
            self.asked.insert(server, last);
            net.ask(server, Kind::Filters, &NodeMessage::GetFilters(GetFilters { first: span.first, last }));
        }
    }

    /// Searches the first span as far as its blocks are here. Returns whether it is done.
    ///
    /// Blocks are taken in the order of their heights, since one may spend what an earlier one pays.
    fn search_first(&mut self, net: &mut Net) -> bool {
        let Self { coins, fetcher, spans, searched, heard, .. } = self;
        let Some(span) = spans.front_mut().filter(|span| !span.filters.is_empty()) else { return false };
        let Some(source) = span.server else { return false };
        let mut found = Ok(());
        if !span.is_matched {
            span.is_matched = true;
            found = span.find(*searched + 1, &coins.items(), |height, block| fetcher.want(height, block, source));
        }
        while found.is_ok()
            && let Some((height, _)) = span.hits.first_key_value()
        {
            let height = *height;
            let Some(block) = fetcher.take(height) else {
                heard.extend(source, span.between(*searched, height - 1));
                *searched = height - 1;
                return false;
            };
            span.hits.remove(&height);
            let concern = coins.apply(&block);
            if concern.concerns {
                net.emit(Event::Block(block));
            }
            heard.extend(source, span.between(*searched, height));
            *searched = height;
            // what it pays may be spent above
            let created: Vec<_> = concern.created.into_iter().map(FilterItem::Spent).collect();
            if !created.is_empty() {
                found = span.find(height + 1, &created, |height, block| fetcher.want(height, block, source));
            }
        }
        if let Err(reason) = found {
            span.forget(*searched);
            net.mute(source, reason);
            return false;
        }
        heard.extend(source, span.between(*searched, span.last));
        *searched = span.last;
        self.spans.pop_front();
        true
    }

    /// Handles filters that a server was asked for.
    pub(super) fn on_filters(&mut self, net: &mut Net, server: Server, tip: &TipKeeper, filters: Vec<BlockFilter>) {
        if !net.servers.answered(&server, Kind::Filters) {
            // which question a late answer answers is not said
            net.servers.answered_late(&server, Kind::Filters, net.now.monotonic);
            return;
        }
        self.asked.remove(&server);
        if self.second.take_if(|second| *second == server).is_some() {
            return self.compare(net, server, &filters);
        }
        let Some(place) = self.spans.iter().position(|span| span.server == Some(server) && span.filters.is_empty())
        else {
            return;
        };
        let Some(span) = self.spans.get_mut(place) else { return };
        let most = usize::try_from((span.last + 1).saturating_sub(span.first)).unwrap_or(usize::MAX);
        let filters: Vec<_> = filters.into_iter().take(most).collect();
        let fits =
            |(height, filter): (u64, &BlockFilter)| tip.window.at(height).is_none_or(|at| at.hash == filter.block);
        if filters.is_empty() || !(span.first..).zip(&filters).all(fits) {
            // another branch than ours, or nothing at all
            span.server = None;
            return net.servers.failed(&server, Kind::Filters, net.now.monotonic);
        }
        net.servers.was_useful(&server, Kind::Filters);
        let end = span.last;
        span.last = span.first + filters.len() as u64 - 1;
        span.filters = filters;
        if span.last < end {
            let rest = Span::new(span.last + 1, end);
            self.spans.insert(place + 1, rest);
        }
    }

    /// Asks a second server for the filters that only one gave, once the first pass is through.
    fn confirm(&mut self, net: &mut Net, tip: &TipKeeper) {
        let is_through = self.searched == tip.tip().header.height;
        let Some((first, _)) = self.heard.first().filter(|_| is_through) else { return };
        if self.second.is_some() || self.dispute.is_some() {
            return;
        }
        let second = net.pick(Kind::Filters, &BTreeSet::new(), |server| *server != first);
        if let Some(server) = second {
            self.second = Some(server);
            let request = GetFilters { first: self.confirmed + 1, last: tip.tip().hash };
            self.asked.insert(server, request.last);
            net.ask(server, Kind::Filters, &NodeMessage::GetFilters(request));
        }
    }

    /// Compares a second server's filters with those of the first.
    fn compare(&mut self, net: &mut Net, server: Server, filters: &[BlockFilter]) {
        if filters.is_empty() {
            return net.servers.failed(&server, Kind::Filters, net.now.monotonic);
        }
        for filter in filters {
            let second = (server, digest(filter));
            let Some(first) = self.heard.first().filter(|(source, _)| *source != server) else { return };
            if first.1 != second.1 {
                let (height, block) = (self.confirmed + 1, filter.block);
                self.dispute = Some(Dispute { height, first, second, block });
                return;
            }
            net.servers.was_useful(&first.0, Kind::Filters);
            net.servers.was_useful(&server, Kind::Filters);
            self.heard.pop();
            self.confirmed += 1;
        }
    }

    /// Settles a dispute once its block is here.
    fn settle(&mut self, net: &mut Net) {
        let Some(dispute) = &self.dispute else { return };
        dispute.want(&mut self.fetcher);
        let Some(block) = self.fetcher.take(dispute.height) else { return };
        let Some(dispute) = self.dispute.take() else { return };
        let [first, second] = dispute.judge(&block);
        let height = dispute.height;
        for (claim, lied) in [(dispute.first, first), (dispute.second, second)] {
            if lied {
                net.mute(claim.0, format!("its filter of block {height} is not that of the block"));
            }
        }
        // what the first one hid is found now; whatever else it said is compared as well
        if first && self.coins.are_concerned(&block) {
            self.rewind(net, height - 1);
        } else {
            self.heard.pop();
            self.confirmed = height;
        }
    }

    /// Gives up a block that nobody knows as an ancestor of our tip. Its filter, and those above, are asked of others.
    fn drop_denied(&mut self, net: &mut Net) {
        let servers = net.servers.iter().count();
        let Some((height, source)) = self.fetcher.denied(servers) else { return };
        self.fetcher.drop_at(height);
        net.servers.was_useless(&source, Kind::Filters, net.now.monotonic);
        if self.dispute.take_if(|dispute| dispute.height == height).is_none()
            && let Some(span) = self.spans.front_mut()
        {
            self.fetcher.drop_above(self.searched);
            span.forget(self.searched);
        }
    }

    /// Handles that a server does not have what it was asked for.
    pub(super) fn on_not_found(&mut self, net: &mut Net, server: Server, ids: &[[u8; 32]]) {
        self.fetcher.on_not_found(net, server, ids);
        // it does not know our tip
        if self.asked.get(&server).is_some_and(|last| ids.contains(&last.to_bytes())) {
            net.servers.failed(&server, Kind::Filters, net.now.monotonic);
            self.on_failed(&server, Kind::Filters);
        }
    }

    /// Handles that a server is silent, or gone, or muted.
    pub(super) fn on_failed(&mut self, server: &Server, kind: Kind) {
        self.fetcher.on_failed(server, kind);
        if kind == Kind::Filters {
            self.asked.remove(server);
            self.second.take_if(|second| second == server);
            for span in self.spans.iter_mut().filter(|span| span.server == Some(*server) && span.filters.is_empty()) {
                span.server = None;
            }
        }
    }

    /// Handles that a server is muted. What it alone said is compared with what a second one says, as everything is. But
    /// what was not searched yet is asked of others.
    pub(super) fn on_muted(&mut self, server: &Server) {
        if self.dispute.as_ref().is_some_and(|dispute| dispute.first.0 == *server || dispute.second.0 == *server) {
            self.end_dispute();
        }
        for span in self.spans.iter_mut().filter(|span| span.server == Some(*server)) {
            for height in span.hits.keys() {
                self.fetcher.drop_at(*height);
            }
            span.forget(self.searched);
        }
    }

    pub(super) const fn fetcher(&mut self) -> &mut Fetcher {
        &mut self.fetcher
    }
}

impl Span {
    const fn new(first: u64, last: u64) -> Self {
        Self { first, last, server: None, filters: Vec::new(), is_matched: false, hits: BTreeMap::new() }
    }

    /// Returns the filters above one height and up to another.
    fn between(&self, above: u64, to: u64) -> &[BlockFilter] {
        let place = |height: u64| usize::try_from((height + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.filters.get(place(above)..place(to)).unwrap_or_default()
    }

    /// Drops what lies above a height. Returns whether something is left.
    fn cut(&mut self, height: u64) -> bool {
        self.last = self.last.min(height);
        let left = usize::try_from((self.last + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.filters.truncate(left);
        self.hits.retain(|at, _| *at <= height);
        left > 0
    }

    /// Forgets its filters and their source. It begins above the height that is searched already.
    fn forget(&mut self, searched: u64) {
        let first = self.first.max(searched + 1);
        *self = Self::new(first, self.last);
    }

    /// Searches the filters from a height on, and wants each block that matches and was not wanted before.
    fn find(&mut self, from: u64, items: &[FilterItem], mut want: impl FnMut(u64, BlockHash)) -> Result<(), String> {
        for (height, filter) in (self.first..).zip(&self.filters).filter(|(height, _)| *height >= from) {
            match filter.matches(items) {
                Ok(true) => {
                    self.hits.insert(height, filter.block);
                    want(height, filter.block);
                }
                Ok(false) => {}
                Err(error) => return Err(format!("its filter of block {height} is malformed: {error}")),
            }
        }
        Ok(())
    }
}
