//! A binary heap whose members know their positions, so that any member may gain or lose weight.

/// A value that a [`Ranking`] can order.
pub(super) trait Ranked {
    /// Returns whether this member comes before the other one. No two members are equal.
    fn outranks(&self, other: &Self) -> bool;

    /// Returns the member's position, which the ranking writes.
    fn rank(&mut self) -> &mut usize;
}

/// Members of a table by their index there, the highest rank first.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    heap: Vec<usize>,
}

impl Ranking {
    /// Returns the member that outranks all others.
    pub(super) fn first(&self) -> Option<usize> {
        self.heap.first().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    pub(super) fn push<T: Ranked>(&mut self, member: usize, table: &mut [T]) {
        self.heap.push(member);
        *table[member].rank() = self.heap.len() - 1;
        self.rise(self.heap.len() - 1, table);
    }

    /// Moves a member to its position after it gained or lost weight.
    pub(super) fn update<T: Ranked>(&mut self, member: usize, table: &mut [T]) {
        let at = self.rise(*table[member].rank(), table);
        self.sink(at, table);
    }

    /// Moves all members to their positions after any of them gained or lost weight.
    pub(super) fn reorder<T: Ranked>(&mut self, table: &mut [T]) {
        for at in (0..self.heap.len() / 2).rev() {
            self.sink(at, table);
        }
    }

    pub(super) fn remove<T: Ranked>(&mut self, member: usize, table: &mut [T]) {
        let at = *table[member].rank();
        let Some(last) = self.heap.pop() else { return };
        if last == member {
            return;
        }
        self.heap[at] = last;
        *table[last].rank() = at;
        self.update(last, table);
    }

    fn rise<T: Ranked>(&mut self, mut at: usize, table: &mut [T]) -> usize {
        while at > 0 {
            let above = (at - 1) / 2;
            if !table[self.heap[at]].outranks(&table[self.heap[above]]) {
                break;
            }
            self.swap(at, above, table);
            at = above;
        }
        at
    }

    fn sink<T: Ranked>(&mut self, mut at: usize, table: &mut [T]) {
        loop {
            let mut heaviest = at;
            for below in [2 * at + 1, 2 * at + 2] {
                if below < self.heap.len() && table[self.heap[below]].outranks(&table[self.heap[heaviest]]) {
                    heaviest = below;
                }
            }
            if heaviest == at {
                return;
            }
            self.swap(at, heaviest, table);
            at = heaviest;
        }
    }

    fn swap<T: Ranked>(&mut self, one: usize, other: usize, table: &mut [T]) {
        self.heap.swap(one, other);
        *table[self.heap[one]].rank() = one;
        *table[self.heap[other]].rank() = other;
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    struct Member {
        weight: u8,
        name: usize,
        rank: usize,
    }

    impl Ranked for Member {
        fn outranks(&self, other: &Self) -> bool {
            (self.weight, self.name) > (other.weight, other.name)
        }

        fn rank(&mut self) -> &mut usize {
            &mut self.rank
        }
    }

    proptest! {
        #[test]
        fn all_weights_may_change_at_once(weights in vec(any::<u8>(), 0..40)) {
            let mut table: Vec<_> = (0..weights.len()).map(|name| Member { weight: 0, name, rank: 0 }).collect();
            let mut ranking = Ranking::default();
            (0..weights.len()).for_each(|member| ranking.push(member, &mut table));
            table.iter_mut().zip(&weights).for_each(|(member, weight)| member.weight = *weight);
            ranking.reorder(&mut table);
            let mut expected: Vec<_> = weights.into_iter().zip(0..).collect();
            expected.sort_unstable_by(|one, other| other.cmp(one));
            for (_, name) in expected {
                prop_assert_eq!(ranking.first(), Some(name));
                ranking.remove(name, &mut table);
            }
            prop_assert!(ranking.is_empty());
        }

        #[test]
        fn the_heaviest_is_first_whatever_changes(changes in vec((0..12_usize, any::<Option<u8>>()), 0..200)) {
            let mut table: Vec<_> = (0..12).map(|name| Member { weight: 0, name, rank: 0 }).collect();
            let mut ranking = Ranking::default();
            let mut members = std::collections::BTreeSet::new();
            for (member, weight) in changes {
                match weight {
                    Some(weight) => {
                        table[member].weight = weight;
                        if members.insert(member) {
                            ranking.push(member, &mut table);
                        } else {
                            ranking.update(member, &mut table);
                        }
                    }
                    None if members.remove(&member) => ranking.remove(member, &mut table),
                    None => {}
                }
                let heaviest = members.iter().copied().max_by_key(|member| (table[*member].weight, *member));
                prop_assert_eq!(ranking.first(), heaviest);
            }
        }
    }
}
