//! Changes of a table whose keys have no order that helps: names of coins, transactions and blocks.
//!
//! A group changes entries all over such a table. One by one, each change is a search from the root, and most leaves
//! are copied. So a group that changes much of a table writes it anew instead, from its first key to its last. That
//! takes a fraction of the time for each entry, and leaves full pages:
//!
//! ```text
//!   few changes    k1 ─▶ search, change    k2 ─▶ search, change   ..     in the order of the keys
//!   many           the table ─┬─ merge ─▶ a new table, which takes the old one's name
//!                  k1 k2 k3 ──┘
//! ```
//!
//! Both happen within the group's transaction, and leave the same entries. An entry that is copied gets a new page, whose
//! checksum fits whatever was read. So its own checksum is verified before, lest damage be hidden by the copy.

use std::ops::Bound;

use redb::{ReadableTable, ReadableTableMetadata, TableDefinition, Value, WriteTransaction};

use crate::store::StoreError;

/// Entries of a table for each change, up to which the table is written anew. A change by itself takes some five times
/// as long as an entry that is copied. But nearly all leaves change up to this point, and those that were full become
/// two that are half full: twice the bytes to write, and to keep.
const ANEW: u64 = 16;

/// A table by keys of `N` bytes.
pub(super) type Keyed<const N: usize, V> = TableDefinition<'static, &'static [u8; N], V>;

/// Changes of a table's entries by key: a new value, or `None` if the entry goes.
pub(super) type Changes<const N: usize, T> = Vec<([u8; N], Option<T>)>;

/// Changes a table's entries. Of several changes of one entry the last counts. `value` returns the value as the table
/// keeps it, and `verify` whether an entry that is copied is sound. Returns the first key of an entry that should go and
/// was not there.
pub(super) fn apply<const N: usize, V: Value + 'static, T>(
    transaction: &WriteTransaction,
    table: Keyed<N, V>,
    mut changes: Changes<N, T>,
    value: impl for<'t> Fn(&'t T) -> V::SelfType<'t>,
    verify: impl for<'t> Fn(&[u8; N], &V::SelfType<'t>) -> Result<(), StoreError>,
) -> Result<Option<[u8; N]>, StoreError> {
    if changes.is_empty() {
        return Ok(None);
    }
    // stable, so that the changes of one entry keep their order
    changes.sort_by_key(|(key, _)| *key);
    changes.dedup_by(|later, earlier| {
        let is_same = later.0 == earlier.0;
        if is_same {
            std::mem::swap(later, earlier);
        }
        is_same
    });
    let entries = transaction.open_table(table)?.len()?;
    if entries <= ANEW * changes.len() as u64 {
        write_anew(transaction, table, &changes, value, verify)
    } else {
        one_by_one(transaction, table, &changes, value)
    }
}

fn one_by_one<const N: usize, V: Value + 'static, T>(
    transaction: &WriteTransaction,
    table: Keyed<N, V>,
    changes: &[([u8; N], Option<T>)],
    value: impl for<'t> Fn(&'t T) -> V::SelfType<'t>,
) -> Result<Option<[u8; N]>, StoreError> {
    let (mut table, mut missing) = (transaction.open_table(table)?, None);
    for (key, change) in changes {
        match change {
            Some(new) => drop(table.insert(key, value(new))?),
            None if table.remove(key)?.is_none() => missing = missing.or(Some(*key)),
            None => {}
        }
    }
    Ok(missing)
}

fn write_anew<const N: usize, V: Value + 'static, T>(
    transaction: &WriteTransaction,
    table: Keyed<N, V>,
    changes: &[([u8; N], Option<T>)],
    value: impl for<'t> Fn(&'t T) -> V::SelfType<'t>,
    verify: impl for<'t> Fn(&[u8; N], &V::SelfType<'t>) -> Result<(), StoreError>,
) -> Result<Option<[u8; N]>, StoreError> {
    let name = format!("{} anew", redb::TableHandle::name(&table));
    let anew = TableDefinition::<&[u8; N], V>::new(&name);
    let mut missing = None;
    {
        let (old, mut new) = (transaction.open_table(table)?, transaction.open_table(anew)?);
        let mut end = new.upper_bound_mut(Bound::<&[u8; N]>::Unbounded)?;
        let mut changes = changes.iter().peekable();
        // after the last entry come the changes behind it
        for entry in old.iter()?.map(Some).chain([None]) {
            let entry = entry.transpose()?;
            let key = entry.as_ref().map(|(key, _)| key.value());
            while let Some((at, change)) = changes.next_if(|(at, _)| key.is_none_or(|key| at < key)) {
                match change {
                    Some(new) => end.insert_before(at, value(new))?,
                    None => missing = missing.or(Some(*at)),
                }
            }
            let Some((key, kept)) = key.zip(entry.as_ref().map(|(_, kept)| kept.value())) else { break };
            match changes.next_if(|(at, _)| at == key) {
                None => {
                    verify(key, &kept)?;
                    end.insert_before(key, kept)?;
                }
                Some((at, Some(new))) => end.insert_before(at, value(new))?,
                Some((_, None)) => {}
            }
        }
        end.close()?;
    }
    transaction.delete_table(table)?;
    transaction.rename_table(anew, table)?;
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use redb::{Database, backends::InMemoryBackend};

    use super::*;

    const TABLE: Keyed<1, u64> = TableDefinition::new("table");

    type Model = BTreeMap<[u8; 1], u64>;

    fn number(value: &u64) -> u64 {
        *value
    }

    fn sound(_: &[u8; 1], _: &u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn contents(transaction: &WriteTransaction) -> Model {
        let table = transaction.open_table(TABLE).unwrap();
        let entries = table.iter().unwrap().map(Result::unwrap);
        entries.map(|(key, value)| (*key.value(), value.value())).collect()
    }

    type Way = fn(&WriteTransaction, &[([u8; 1], Option<u64>)]) -> Option<[u8; 1]>;

    const WAYS: [Way; 2] = [
        |transaction, changes| one_by_one(transaction, TABLE, changes, number).unwrap(),
        |transaction, changes| write_anew(transaction, TABLE, changes, number, sound).unwrap(),
    ];

    proptest! {
        #[test]
        fn both_ways_leave_what_a_map_would_hold(before: Model, changes: BTreeMap<[u8; 1], Option<u64>>) {
            let mut after = before.clone();
            let mut missing = None;
            for (key, change) in &changes {
                match change {
                    Some(value) => {
                        after.insert(*key, *value);
                    }
                    None if after.remove(key).is_none() => missing = missing.or(Some(*key)),
                    None => {}
                }
            }
            let changes: Vec<_> = changes.into_iter().collect();
            let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
            for way in WAYS {
                let transaction = database.begin_write().unwrap();
                let filled = before.iter().map(|(key, value)| (*key, Some(*value))).collect();
                apply(&transaction, TABLE, filled, number, sound).unwrap();
                prop_assert_eq!(way(&transaction, &changes), missing);
                prop_assert_eq!(contents(&transaction), after.clone());
                prop_assert_eq!(transaction.list_tables().unwrap().count(), 1);
                transaction.abort().unwrap();
            }
        }
    }

    #[test]
    fn last_change_of_an_entry_counts() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let changes = vec![([2], Some(1)), ([1], Some(2)), ([2], None), ([2], Some(3)), ([1], None)];
        assert_eq!(apply(&transaction, TABLE, changes, number, sound).unwrap(), Some([1]));
        assert_eq!(contents(&transaction), BTreeMap::from([([2], 3)]));
    }

    #[test]
    fn few_changes_leave_a_large_table_where_it_is() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let filled = (0..=255).map(|key| ([key], Some(1))).collect();
        apply(&transaction, TABLE, filled, number, sound).unwrap();
        for changes in [1, 255] {
            let changed = (0..changes).map(|key| ([key], Some(2))).collect();
            assert_eq!(apply(&transaction, TABLE, changed, number, sound).unwrap(), None);
            let is_new = contents(&transaction).values().filter(|value| **value == 2).count();
            assert_eq!(is_new, usize::from(changes));
        }
    }
}
