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
    kind::Kind,
    net::Net,
    span::Span,
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
    /// Who was asked for them as a second server, and from which height on.
    second: Option<(Server, u64)>,
    dispute: Option<Dispute>,
    /// What was reported last: searched and confirmed.
    reported: (u64, u64),
}

impl Search {
    /// Returns a search that goes on from what an earlier one found.
    pub(super) fn restore(searched: u64, coins: Coins) -> Self {
        Self { coins, searched, confirmed: searched, reported: (searched, searched), ..Self::default() }
    }

    /// Watches another owner. What was searched from its birthday on is searched again. It is reported even if nothing
    /// has to be: whoever asked can tell what was reported before from what covers the owner.
    pub(super) fn watch(&mut self, net: &mut Net, owner: PublicKey, birthday: u64) {
        let is_first = self.coins.birthday().is_none();
        let is_new = self.coins.watch(owner, birthday);
        if is_new {
            self.coins.allot(&owner, net.params.genesis());
        }
        if is_new && !is_first {
            self.rewind(net, birthday.saturating_sub(1));
        }
        net.emit(Event::Watched { owner });
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
        // what it is about to say may be of blocks that are undone
        self.second = None;
        self.heard.truncate(self.place_of(self.searched + 1));
        if self.dispute.as_ref().is_some_and(|dispute| dispute.height > height) {
            self.end_dispute();
        }
    }

    /// Returns the place of a height among the filters that are not confirmed.
    fn place_of(&self, height: u64) -> usize {
        usize::try_from(height.saturating_sub(self.confirmed + 1)).unwrap_or(usize::MAX)
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
            (self.searched, self.confirmed, self.second) = (before, before, None);
            self.heard.truncate(0);
        }
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
        // what one answer left over makes further spans, which wait until there is room
        let near = self.spans.iter_mut().take(limits::SPANS);
        for span in near.filter(|span| span.server.is_none() && span.filters.is_empty()) {
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
            span.hits.keys().for_each(|height| fetcher.drop_at(*height));
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
            net.servers.answered_late(&server, Kind::Filters);
            return;
        }
        self.asked.remove(&server);
        if let Some((_, first)) = self.second.take_if(|(second, _)| *second == server) {
            return self.compare(net, server, first, tip, &filters);
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
        // whether they are true shows later, and a false hash costs its sender a rest then
        net.servers.was_useful(&server, Kind::Filters);
        let end = span.last;
        span.last = span.first + filters.len() as u64 - 1;
        span.filters = filters;
        if span.last < end {
            let rest = Span::new(span.last + 1, end);
            self.spans.insert(place + 1, rest);
        }
    }

    /// Asks a second server for filters that only one gave, once the first pass is through. It need not be for the
    /// lowest: of these, it may be who gave them.
    fn confirm(&mut self, net: &mut Net, tip: &TipKeeper) {
        let is_through = self.searched == tip.tip().header.height;
        if !is_through || self.second.is_some() || self.dispute.is_some() {
            return;
        }
        let heard = &self.heard;
        let Some(server) = net.pick(Kind::Filters, &BTreeSet::new(), |server| heard.lowest_for(server).is_some())
        else {
            return;
        };
        let Some(place) = heard.lowest_for(&server) else { return };
        let first = self.confirmed + 1 + place as u64;
        self.second = Some((server, first));
        let request = GetFilters { first, last: tip.tip().hash };
        self.asked.insert(server, request.last);
        net.ask(server, Kind::Filters, &NodeMessage::GetFilters(request));
    }

    /// Compares a second server's filters from a height on with those of the first.
    fn compare(&mut self, net: &mut Net, server: Server, first: u64, tip: &TipKeeper, filters: &[BlockFilter]) {
        let place = self.place_of(first);
        let mut agreed = Vec::new();
        for (height, filter) in (first..).zip(filters) {
            let Some(known) = self.heard.open_at(place + agreed.len()).filter(|(source, _)| *source != server) else {
                break;
            };
            if tip.window.at(height).is_some_and(|at| at.hash != filter.block) {
                // it is on another branch
                break;
            }
            let second = (server, digest(filter));
            if known.1 != second.1 {
                self.dispute = Some(Dispute { height, first: known, second, block: filter.block });
                break;
            }
            agreed.push(known.0);
        }
        if agreed.is_empty() && self.dispute.is_none() {
            return net.servers.was_useless(&server, Kind::Filters, net.now.monotonic);
        }
        if !agreed.is_empty() {
            net.servers.was_useful(&server, Kind::Filters);
        }
        self.heard.agree(place, agreed.len());
        agreed.iter().collect::<BTreeSet<_>>().into_iter().for_each(|at| net.servers.was_useful(at, Kind::Filters));
        self.confirmed += self.heard.pop_agreed() as u64;
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
            self.heard.agree(self.place_of(height), 1);
            self.confirmed += self.heard.pop_agreed() as u64;
        }
    }

    /// Gives up blocks that their sources do not prove to be ancestors of our tip. Their filters, and those above, are
    /// asked of others.
    fn drop_denied(&mut self, net: &mut Net) {
        while let Some((height, source)) = self.fetcher.denied(net) {
            self.fetcher.drop_at(height);
            net.servers.was_useless(&source, Kind::Filters, net.now.monotonic);
            self.dispute.take_if(|dispute| dispute.height == height);
            if let Some(span) = self.spans.front_mut().filter(|span| span.hits.contains_key(&height)) {
                span.hits.keys().for_each(|height| self.fetcher.drop_at(*height));
                span.forget(self.searched);
            }
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
            self.second.take_if(|(second, _)| second == server);
            for span in self.spans.iter_mut().filter(|span| span.server == Some(*server) && span.filters.is_empty()) {
                span.server = None;
            }
        }
    }

    /// Handles that a server is muted. What it alone said is compared with what a second one says, as everything is.
    /// But what was not searched yet is asked of others.
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
