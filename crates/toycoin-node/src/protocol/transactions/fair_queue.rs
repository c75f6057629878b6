//! Fair queueing: a queue that many senders share, in which a busy sender does not delay the others.
//!
//! Each item has a cost. The next item is the one that would be finished first if all senders were served at once, a
//! little of each in turn (weighted fair queueing). So a cheap item of a quiet sender goes before the expensive ones of
//! a flood, from however many names the flood comes. Each sender's own items keep their order.
//!
//! Senders have a rank. All items of a better rank go first.

use std::collections::{BTreeMap, VecDeque};

use crate::machine::Monotonic;

/// Items of many senders.
#[derive(Debug)]
pub(super) struct FairQueue<K, T> {
    senders: BTreeMap<K, Sender<T>>,
    /// Senders in the order of their turns, by rank and virtual time.
    turns: BTreeMap<Turn, K>,
    /// Senders by rank and bytes. The last one must make room.
    loads: BTreeMap<(Rank, usize, u64), K>,
    /// The virtual time and the number of senders of each rank.
    ranks: [Clock; 2],
    /// Number of senders so far, which orders equal ones.
    arrivals: u64,
    len: usize,
    bytes: usize,
}

/// The rank of a sender: better ranks go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::protocol) enum Rank {
    /// The sender has sent something useful before.
    Proven,
    /// Only the sender's name is known.
    Newcomer,
}

/// A virtual clock. It advances by each sender's share of the work that was served.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    now: u64,
    senders: u64,
}

/// Virtual time per unit of cost.
const UNIT: u64 = 1 << 16;

/// The turn of a sender's first item: rank, virtual time, and arrival among equals.
type Turn = (Rank, u64, u64);

#[derive(Debug)]
struct Sender<T> {
    items: VecDeque<Queued<T>>,
    rank: Rank,
    /// Arrival number of the sender.
    number: u64,
    /// Virtual time at which the sender's first item would be finished.
    finish: u64,
    bytes: usize,
}

/// A waiting item.
#[derive(Debug)]
pub(super) struct Queued<T> {
    pub(super) item: T,
    pub(super) cost: u64,
    pub(super) bytes: usize,
    pub(super) came: Monotonic,
}

impl<T> Sender<T> {
    const fn turn(&self) -> Turn {
        (self.rank, self.finish, self.number)
    }

    const fn load(&self) -> (Rank, usize, u64) {
        (self.rank, self.bytes, self.number)
    }
}

impl<K, T> Default for FairQueue<K, T> {
    fn default() -> Self {
        let (senders, turns, loads, ranks) = Default::default();
        Self { senders, turns, loads, ranks, arrivals: 0, len: 0, bytes: 0 }
    }
}

impl<K: Ord + Copy, T> FairQueue<K, T> {
    /// Returns the number of waiting items.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Returns the bytes of all waiting items.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the waiting items, by sender.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.senders.values().flat_map(|sender| &sender.items).map(|queued| &queued.item)
    }

    /// Appends an item to its sender's items. The sender has this rank from now on.
    pub(super) fn push(&mut self, sender: K, rank: Rank, queued: Queued<T>) {
        (self.len, self.bytes) = (self.len + 1, self.bytes + queued.bytes);
        let number = self.arrivals;
        let mut known = self.take(&sender).unwrap_or_else(|| {
            self.arrivals += 1;
            Sender { items: VecDeque::new(), rank, number, finish: 0, bytes: 0 }
        });
        if known.items.is_empty() || known.rank != rank {
            known.rank = rank;
            let first = known.items.front().map_or(queued.cost, |first| first.cost);
            known.finish = self.ranks[rank as usize].now.saturating_add(first.saturating_mul(UNIT));
        }
        known.bytes += queued.bytes;
        known.items.push_back(queued);
        self.put(sender, known);
    }

    /// Returns the item whose turn it is, and its sender's rank.
    pub(super) fn next(&self) -> Option<(Rank, &Queued<T>)> {
        let ((rank, ..), sender) = self.turns.first_key_value()?;
        Some((*rank, self.senders.get(sender)?.items.front()?))
    }

    /// Takes the item whose turn it is.
    pub(super) fn pop(&mut self) -> Option<(K, Queued<T>)> {
        let ((rank, ..), sender) = self.turns.first_key_value()?;
        let (shared_by, sender) = (self.ranks[*rank as usize].senders.max(1), *sender);
        let mut known = self.take(&sender)?;
        let queued = known.items.pop_front()?;
        let clock = &mut self.ranks[known.rank as usize];
        clock.now = clock.now.saturating_add(queued.cost.saturating_mul(UNIT) / shared_by);
        (self.len, self.bytes) = (self.len - 1, self.bytes - queued.bytes);
        known.bytes -= queued.bytes;
        if let Some(next) = known.items.front() {
            known.finish = known.finish.max(clock.now).saturating_add(next.cost.saturating_mul(UNIT));
            self.put(sender, known);
        }
        Some((sender, queued))
    }

    /// Drops the last item of the sender that has most bytes, among the senders of the worst rank.
    pub(super) fn drop_one(&mut self) -> Option<(K, Queued<T>)> {
        let sender = *self.loads.last_key_value()?.1;
        let mut known = self.take(&sender)?;
        let queued = known.items.pop_back()?;
        (self.len, self.bytes) = (self.len - 1, self.bytes - queued.bytes);
        known.bytes -= queued.bytes;
        if !known.items.is_empty() {
            self.put(sender, known);
        }
        Some((sender, queued))
    }

    /// Drops all items of a sender, and returns them.
    pub(super) fn remove(&mut self, sender: &K) -> Vec<T> {
        let Some(known) = self.take(sender) else { return Vec::new() };
        (self.len, self.bytes) = (self.len - known.items.len(), self.bytes - known.bytes);
        known.items.into_iter().map(|queued| queued.item).collect()
    }

    /// Takes a sender out together with its items, which still count.
    fn take(&mut self, sender: &K) -> Option<Sender<T>> {
        let known = self.senders.remove(sender)?;
        self.turns.remove(&known.turn());
        self.loads.remove(&known.load());
        self.ranks[known.rank as usize].senders -= 1;
        Some(known)
    }

    fn put(&mut self, sender: K, known: Sender<T>) {
        self.turns.insert(known.turn(), sender);
        self.loads.insert(known.load(), sender);
        self.ranks[known.rank as usize].senders += 1;
        self.senders.insert(sender, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Names = FairQueue<&'static str, u64>;

    fn push(queue: &mut Names, sender: &'static str, rank: Rank, cost: u64) {
        let bytes = usize::try_from(cost * 100).expect("small");
        queue.push(sender, rank, Queued { item: cost, cost, bytes, came: Monotonic::ORIGIN });
    }

    fn order(queue: &mut Names) -> Vec<(&'static str, u64)> {
        std::iter::from_fn(|| queue.pop()).map(|(sender, queued)| (sender, queued.item)).collect()
    }

    #[test]
    fn a_cheap_item_goes_before_a_flood_of_expensive_ones() {
        let mut queue = Names::default();
        let names: Vec<&'static str> = "abcdefghijklmnopqrstuvwxyz".split("").filter(|name| !name.is_empty()).collect();
        for name in &names {
            push(&mut queue, name, Rank::Newcomer, 1_000);
            push(&mut queue, name, Rank::Newcomer, 1_000);
        }
        // its turn must not depend on its arrival
        for _ in 0..names.len() {
            assert_eq!(queue.pop().expect("two of each").1.cost, 1_000);
            push(&mut queue, "honest", Rank::Newcomer, 2);
            assert_eq!(queue.pop().expect("it was pushed").0, "honest");
        }
    }

    #[test]
    fn an_expensive_item_is_not_put_off_for_ever() {
        let mut queue = Names::default();
        push(&mut queue, "large", Rank::Newcomer, 100);
        let before = (0..1_000).take_while(|_| {
            push(&mut queue, "small", Rank::Newcomer, 1);
            queue.pop().expect("it was pushed").0 == "small"
        });
        // its share is half of what was served
        assert!((100..=200).contains(&before.count()));
    }

    #[test]
    fn each_sender_gets_its_share_and_keeps_its_order() {
        let mut queue = Names::default();
        for cost in [10, 11, 12, 13] {
            push(&mut queue, "much", Rank::Newcomer, cost);
        }
        for cost in [5, 6, 7, 8] {
            push(&mut queue, "little", Rank::Newcomer, cost);
        }
        let order = order(&mut queue);
        let of = |sender| order.iter().filter(|(of, _)| *of == sender).map(|(_, cost)| *cost).collect::<Vec<_>>();
        assert_eq!((of("much"), of("little")), (vec![10, 11, 12, 13], vec![5, 6, 7, 8]));
        assert_eq!(order[..3], [("little", 5), ("much", 10), ("little", 6)]);
        assert_eq!((queue.len(), queue.bytes()), (0, 0));
        assert!(queue.senders.is_empty() && queue.turns.is_empty() && queue.loads.is_empty());
    }

    #[test]
    fn the_proven_go_first_whatever_waits() {
        let mut queue = Names::default();
        push(&mut queue, "new", Rank::Newcomer, 1);
        push(&mut queue, "proven", Rank::Proven, 1_000);
        push(&mut queue, "new", Rank::Newcomer, 1);
        assert!(queue.next().is_some_and(|(rank, next)| (rank, next.cost) == (Rank::Proven, 1_000)));
        assert_eq!(order(&mut queue), [("proven", 1_000), ("new", 1), ("new", 1)]);
    }

    #[test]
    fn a_sender_that_has_proven_itself_takes_its_items_along() {
        let mut queue = Names::default();
        push(&mut queue, "first", Rank::Newcomer, 1);
        push(&mut queue, "second", Rank::Newcomer, 5);
        push(&mut queue, "second", Rank::Proven, 6);
        assert_eq!(order(&mut queue), [("second", 5), ("second", 6), ("first", 1)]);
    }

    #[test]
    fn who_holds_most_makes_room_first_with_what_came_last() {
        let mut queue = Names::default();
        for cost in [1, 2, 3] {
            push(&mut queue, "flood", Rank::Newcomer, cost);
        }
        push(&mut queue, "honest", Rank::Newcomer, 2);
        push(&mut queue, "proven", Rank::Proven, 9);
        let dropped: Vec<_> = std::iter::from_fn(|| queue.drop_one()).map(|(_, queued)| queued.item).collect();
        assert_eq!(dropped, [3, 2, 2, 1, 9]);
        assert_eq!((queue.len(), queue.bytes()), (0, 0));
        assert!(queue.senders.is_empty() && queue.turns.is_empty() && queue.loads.is_empty());
    }

    #[test]
    fn a_sender_is_removed_whole() {
        let mut queue = Names::default();
        for (sender, cost) in [("a", 1), ("b", 2), ("a", 3)] {
            push(&mut queue, sender, Rank::Newcomer, cost);
        }
        assert_eq!((queue.remove(&"a"), queue.remove(&"a")), (vec![1, 3], vec![]));
        assert_eq!((queue.len(), queue.bytes()), (1, 200));
        assert_eq!(order(&mut queue), [("b", 2)]);
    }
}
