//! Fair shares of a full queue: which message is dropped next.
//!
//! The source that holds most loses first. Within it the connection that holds most loses, and of that connection the
//! oldest message is dropped. So a source below an equal share loses nothing, however much others send and on however
//! many connections.

use std::collections::{BTreeMap, VecDeque};

use crate::relay::{
    ConnectionId,
    origin::{Origin, Source},
    ranking::{Ranked, Ranking},
};

/// Messages by origin, in order within each origin. Each message has an index that its owner chooses.
#[derive(Debug, Default)]
pub(super) struct Shares {
    origins: Table<OriginShare>,
    sources: Table<SourceShare>,
    by_origin: BTreeMap<Origin, usize>,
    by_source: BTreeMap<Source, usize>,
    ranking: Ranking,
    len: usize,
}

#[derive(Debug)]
struct OriginShare {
    connection: ConnectionId,
    source: usize,
    weight: u64,
    /// Index and weight of each message, the oldest first.
    waiting: VecDeque<(u64, u64)>,
    rank: usize,
}

#[derive(Debug)]
struct SourceShare {
    source: Source,
    weight: u64,
    origins: Ranking,
    rank: usize,
}

impl Shares {
    /// Returns the shares of these messages, given as origin, index and weight, the oldest first.
    pub(super) fn of(messages: impl Iterator<Item = (Origin, u64, u64)>) -> Self {
        let mut shares = Self::default();
        for (origin, place, weight) in messages {
            shares.add(origin, place, weight);
        }
        // ordered once, by the sums
        for source in &mut shares.sources.rows {
            source.origins.reorder(&mut shares.origins.rows);
        }
        shares.ranking.reorder(&mut shares.sources.rows);
        shares
    }

    /// Returns the most memory that it uses, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.len * MESSAGE_MEMORY + self.by_origin.len() * ORIGIN_MEMORY
    }

    /// Returns how many origins have messages here.
    pub(super) fn origins(&self) -> usize {
        self.by_origin.len()
    }

    /// Adds a message that is younger than all others of its origin.
    pub(super) fn push(&mut self, origin: Origin, place: u64, weight: u64) {
        let (member, source) = self.add(origin, place, weight);
        self.reorder(member, source);
    }

    /// Adds a message without reordering the rows whose weight changes, and returns those.
    fn add(&mut self, origin: Origin, place: u64, weight: u64) -> (usize, usize) {
        let member = match self.by_origin.get(&origin) {
            Some(member) => *member,
            None => self.enter(origin),
        };
        self.len += 1;
        let share = &mut self.origins.rows[member];
        share.waiting.push_back((place, weight));
        share.weight += weight;
        let source = share.source;
        self.sources.rows[source].weight += weight;
        (member, source)
    }

    /// Takes the oldest message of an origin, and returns its index.
    pub(super) fn pop(&mut self, origin: Origin) -> Option<u64> {
        let member = *self.by_origin.get(&origin)?;
        self.pop_of(member).map(|(place, _)| place)
    }

    /// Takes the message that is dropped next: the oldest one of the connection that holds most, within the source that
    /// holds most. Returns its index and weight.
    pub(super) fn pop_heaviest(&mut self) -> Option<(u64, u64)> {
        let source = self.ranking.first()?;
        let member = self.sources.rows[source].origins.first()?;
        self.pop_of(member)
    }

    /// Takes out the message that goes first: the oldest of the connection that holds least of the source that holds
    /// least; returns its place and weight. `None` where nobody holds less than half of what the heaviest source holds.
    pub(super) fn pop_lightest(&mut self) -> Option<(u64, u64)> {
        let heaviest = self.sources.rows[self.ranking.first()?].weight;
        let weight = |source: &usize| self.sources.rows[*source].weight;
        let source = *self.by_source.values().min_by_key(|source| weight(source))?;
        if weight(&source) > heaviest / 2 {
            return None;
        }
        let of_source = self.by_origin.values().filter(|member| self.origins.rows[**member].source == source);
        let member = *of_source.min_by_key(|member| self.origins.rows[**member].weight)?;
        self.pop_of(member)
    }

    fn pop_of(&mut self, member: usize) -> Option<(u64, u64)> {
        let share = &mut self.origins.rows[member];
        let (place, weight) = share.waiting.pop_front()?;
        self.len -= 1;
        share.weight -= weight;
        let is_empty = share.waiting.is_empty();
        let source = share.source;
        self.sources.rows[source].weight -= weight;
        if is_empty {
            self.leave(member, source);
        } else {
            self.reorder(member, source);
        }
        Some((place, weight))
    }

    fn reorder(&mut self, member: usize, source: usize) {
        self.sources.rows[source].origins.update(member, &mut self.origins.rows);
        self.ranking.update(source, &mut self.sources.rows);
    }

    /// Inserts an origin.
    fn enter(&mut self, origin: Origin) -> usize {
        let source = *self.by_source.entry(origin.source).or_insert_with(|| {
            let share = SourceShare { source: origin.source, weight: 0, origins: Ranking::default(), rank: 0 };
            let source = self.sources.insert(share);
            self.ranking.push(source, &mut self.sources.rows);
            source
        });
        let share = OriginShare { connection: origin.connection, source, weight: 0, waiting: VecDeque::new(), rank: 0 };
        let member = self.origins.insert(share);
        self.sources.rows[source].origins.push(member, &mut self.origins.rows);
        self.by_origin.insert(origin, member);
        member
    }

    /// Removes an origin without messages, and its source with the source's last origin.
    fn leave(&mut self, member: usize, source: usize) {
        let share = &mut self.sources.rows[source];
        share.origins.remove(member, &mut self.origins.rows);
        let name = share.source;
        let is_empty = share.origins.is_empty();
        self.by_origin.remove(&Origin { source: name, connection: self.origins.rows[member].connection });
        self.origins.rows[member].waiting = VecDeque::new();
        self.origins.free.push(member);
        if is_empty {
            self.ranking.remove(source, &mut self.sources.rows);
            self.sources.rows[source].origins = Ranking::default();
            self.by_source.remove(&name);
            self.sources.free.push(source);
        } else {
            self.ranking.update(source, &mut self.sources.rows);
        }
    }
}

impl Ranked for OriginShare {
    fn outranks(&self, other: &Self) -> bool {
        (self.weight, self.connection) > (other.weight, other.connection)
    }

    fn rank(&mut self) -> &mut usize {
        &mut self.rank
    }
}

impl Ranked for SourceShare {
    fn outranks(&self, other: &Self) -> bool {
        (self.weight, self.source) > (other.weight, other.source)
    }

    fn rank(&mut self) -> &mut usize {
        &mut self.rank
    }
}

/// Rows that keep their index. Free rows are used again.
#[derive(Debug)]
struct Table<T> {
    rows: Vec<T>,
    free: Vec<usize>,
}

impl<T> Table<T> {
    fn insert(&mut self, row: T) -> usize {
        if let Some(index) = self.free.pop() {
            self.rows[index] = row;
            return index;
        }
        self.rows.push(row);
        self.rows.len() - 1
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), free: Vec::new() }
    }
}

/// Bytes per message: its index and weight, twice, because growing queues double their memory.
const MESSAGE_MEMORY: usize = 32;

/// Bytes per origin with a source of its own: a row of each table, an entry of each map, and three allocations.
const ORIGIN_MEMORY: usize = 512;
