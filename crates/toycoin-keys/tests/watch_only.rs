//! What a watch-only wallet sees is what a spending wallet signs for.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use toycoin_core::verify;
use toycoin_keys::{AccountKey, Branch, Place, Seed, SpendingAccount, limits::MAX_INDEX};

#[test]
fn watch_only_owners_are_those_that_sign() {
    let mut rng = ChaCha8Rng::seed_from_u64(86);
    for round in 0..1_000_u32 {
        let mut seed = [0; 64];
        rng.fill_bytes(&mut seed);
        let account = rng.next_u32() & MAX_INDEX;
        let spending = SpendingAccount::derive(&Seed::from_bytes(seed), account).unwrap();
        // all that a watch-only wallet has is a text
        let watching: AccountKey = spending.key().to_string().parse().unwrap();
        assert_eq!(watching.account(), account);
        let branch = if round % 2 == 0 { Branch::Receive } else { Branch::Change };
        let index = if round % 4 < 2 { round } else { rng.next_u32() & MAX_INDEX };
        let place = Place::new(branch, index).unwrap();
        let key = spending.secret_key(place).unwrap();
        let owner = watching.owner(place).unwrap();
        assert_eq!((key.public_key(), spending.owner(place).unwrap()), (owner, owner), "seed {round}");
        let mut message = [0; 32];
        rng.fill_bytes(&mut message);
        assert!(verify(&owner, &message, &key.sign(&message)), "seed {round}");
    }
}

#[test]
fn places_branches_and_accounts_have_keys_of_their_own() {
    let seed = Seed::from_bytes([3; 64]);
    let mut owners = std::collections::BTreeSet::new();
    for account in 0..3 {
        let account = SpendingAccount::derive(&seed, account).unwrap();
        for branch in Branch::ALL {
            for index in 0..5 {
                owners.insert(account.owner(Place::new(branch, index).unwrap()).unwrap());
            }
        }
    }
    assert_eq!(owners.len(), 3 * 2 * 5);
    assert!(SpendingAccount::derive(&seed, MAX_INDEX).is_ok());
    let error = SpendingAccount::derive(&seed, MAX_INDEX + 1).unwrap_err();
    assert_eq!(error.to_string(), "account 2147483648 is out of range: accounts have numbers from 0 to 2147483647");
}
