use std::time::Duration;

use super::*;
use crate::peering::netgroup::Netgroups;

const NOW: Now = Now { monotonic: Monotonic::ORIGIN, unix_ms: 1_800_000_000_000 };
const NOW_S: u64 = NOW.unix_ms / 1_000;

fn book() -> Book {
    Book::new(Buckets::new([7; 32], Netgroups { count_local: false }))
}

fn peer(number: u8) -> PeerId {
    PeerId::from_bytes(&[number]).unwrap()
}

fn address(ip: [u8; 4], id: Option<u8>) -> PeerAddress {
    PeerAddress { endpoint: Endpoint::new(ip.into(), 25_001).unwrap(), peer: id.map(peer) }
}

fn later(seconds: u64) -> Now {
    Now { monotonic: Monotonic::new(Duration::from_secs(seconds)), unix_ms: NOW.unix_ms + seconds * 1_000 }
}

/// Returns two addresses with the same place in the table of tried ones.
fn rivals(book: &Book) -> (Endpoint, Endpoint) {
    let all = || (0..=255).flat_map(|c| (0..=255).map(move |d| address([20, 1, c, d], None).endpoint));
    let first = all().next().unwrap();
    let place = book.buckets.tried_place(first);
    (first, all().skip(1).find(|other| book.buckets.tried_place(*other) == place).unwrap())
}

fn assert_consistent(book: &Book) {
    assert_eq!(book.entries.len(), book.new.len() + book.tried.len());
    for (endpoint, entry) in book.iter() {
        let holder = match entry.table {
            Table::New(place) => book.new.get(&place),
            Table::Tried(place) => book.tried.get(&place),
        };
        assert_eq!(holder, Some(&endpoint));
    }
    for (holder, newcomer) in &book.tests {
        assert!(book.tried.values().any(|other| other == holder) && book.entries.contains_key(newcomer));
    }
}

#[test]
fn timestamps_are_penalised_unless_the_owner_speaks() {
    let mut book = book();
    let (hearsay, own) = (address([20, 1, 1, 1], Some(1)), address([20, 2, 2, 2], Some(2)));
    assert!(book.hear(&hearsay, [30, 1, 1, 1].into(), NOW_S, NOW));
    assert!(book.hear(&own, own.endpoint.ip, NOW_S, NOW));
    let (first, second) = (book.get(&hearsay.endpoint).unwrap(), book.get(&own.endpoint).unwrap());
    assert_eq!((first.seen, second.seen), (NOW_S - 7_200, NOW_S));
    assert!(!first.is_vouched(hearsay.endpoint) && second.is_vouched(own.endpoint));
}

#[test]
fn old_and_future_addresses_are_refused() {
    let mut book = book();
    let of = |seen| (address([20, 1, 1, 1], None), seen);
    for (address, seen) in [of(0), of(NOW_S - 31 * 86_400), of(NOW_S + 3_600), of(u64::MAX)] {
        assert!(!book.hear(&address, [30, 1, 1, 1].into(), seen, NOW), "{seen}");
    }
    assert_eq!(book.len(), 0);
}

#[test]
fn hearsay_changes_no_id_but_the_owner_does() {
    let mut book = book();
    let endpoint = address([20, 1, 1, 1], None).endpoint;
    let id = |book: &Book| book.get(&endpoint).unwrap().peer.clone();
    book.hear(&address([20, 1, 1, 1], Some(1)), [30, 1, 1, 1].into(), NOW_S, NOW);
    book.hear(&address([20, 1, 1, 1], Some(2)), [40, 1, 1, 1].into(), NOW_S, NOW);
    assert_eq!(id(&book), Some(peer(1)));
    book.hear(&address([20, 1, 1, 1], Some(3)), endpoint.ip, NOW_S, NOW);
    assert_eq!(id(&book), Some(peer(3)));
    assert!(book.get(&endpoint).unwrap().is_vouched(endpoint));
    assert_consistent(&book);
}

#[test]
fn no_claim_of_an_id_counts_after_a_failed_dial() {
    let mut book = book();
    let endpoint = address([20, 1, 1, 1], None).endpoint;
    let id = |book: &Book| book.get(&endpoint).unwrap().peer.clone();
    // the owner and a neighbour behind the same IP address look the same
    book.hear(&address([20, 1, 1, 1], Some(1)), endpoint.ip, NOW_S, NOW);
    book.fail(&endpoint, true, NOW);
    book.doubt(&endpoint);
    book.hear(&address([20, 1, 1, 1], Some(1)), endpoint.ip, NOW_S, NOW);
    assert_eq!(id(&book), None);
    book.connect(endpoint, &peer(4), NOW);
    assert_eq!(id(&book), Some(peer(4)));
}

#[test]
fn a_tried_address_keeps_its_place_if_it_answers() {
    let mut book = book();
    let (holder, newcomer) = rivals(&book);
    book.connect(holder, &peer(1), NOW);
    // within 4 hours of a success there is no need for a test
    book.connect(newcomer, &peer(2), later(60));
    assert_eq!(book.wanted().count(), 0);
    let now = later(5 * 3_600);
    book.connect(newcomer, &peer(2), now);
    assert_eq!(book.wanted().collect::<Vec<_>>(), [holder]);
    book.connect(holder, &peer(1), now);
    assert_eq!(book.wanted().count(), 0);
    assert!(book.get(&holder).unwrap().is_tried() && !book.get(&newcomer).unwrap().is_tried());
    assert_consistent(&book);
}

#[test]
fn a_tried_address_that_is_silent_gives_way() {
    let mut book = book();
    let (holder, newcomer) = rivals(&book);
    book.connect(holder, &peer(1), NOW);
    let now = later(5 * 3_600);
    book.connect(newcomer, &peer(2), now);
    book.fail(&holder, true, now);
    assert!(!book.get(&holder).unwrap().is_tried() && book.get(&newcomer).unwrap().is_tried());
    assert_eq!((book.wanted().count(), book.tried_len(), book.len()), (0, 1, 2));
    assert_consistent(&book);
}

#[test]
fn tests_before_eviction_are_bounded() {
    let mut book = book();
    let all = || (0..=255).flat_map(|c| (0..=255).map(move |d| address([20, 1, c, d], None).endpoint));
    for endpoint in all() {
        book.connect(endpoint, &peer(1), NOW);
    }
    assert!(book.tried_len() > 4_000 && book.tried_len() <= 4_096);
    for endpoint in all() {
        book.connect(endpoint, &peer(1), later(5 * 3_600));
        assert!(book.wanted().count() <= limits::TRIED_TESTS);
    }
    assert_consistent(&book);
}

#[test]
fn ten_failures_forget_what_never_answered() {
    for may_forget in [true, false] {
        let mut book = book();
        let address = address([20, 1, 1, 1], None);
        book.hear(&address, [30, 1, 1, 1].into(), NOW_S, NOW);
        for _ in 0..9 {
            book.fail(&address.endpoint, may_forget, NOW);
            assert_eq!(book.len(), 1);
        }
        book.fail(&address.endpoint, may_forget, NOW);
        assert_eq!(book.len(), usize::from(!may_forget));
        assert_consistent(&book);
    }
}

#[test]
fn what_answered_is_forgotten_after_thirty_days() {
    let mut book = book();
    let endpoint = address([20, 1, 1, 1], None).endpoint;
    let (month, end) = (30 * 86_400, 3 * 86_400);
    book.connect(endpoint, &peer(1), NOW);
    book.end(&endpoint, later(end));
    for _ in 0..20 {
        book.fail(&endpoint, true, later(end + month));
        let wait = book.get(&endpoint).unwrap().attempts.next().saturating_since(later(end + month).monotonic);
        assert!(wait <= limits::MAX_DIAL_BACKOFF);
    }
    book.fail(&endpoint, true, later(end + month + 1));
    assert_eq!(book.len(), 0);
    assert_consistent(&book);
}

#[test]
fn a_flood_of_four_groups_spares_the_honest() {
    let mut book = book();
    let honest: Vec<_> = (0..200).map(|number| address([50 + number / 2, 1, 1, number], Some(number))).collect();
    for (number, address) in (0..).zip(&honest) {
        book.hear(address, [50 + number % 100, 1, 1, 1].into(), NOW_S, NOW);
    }
    assert!(book.len() > 195, "{}", book.len());
    for number in 0..100_000_u32 {
        let [_, b, c, d] = number.to_be_bytes();
        let address = PeerAddress {
            endpoint: Endpoint::new([20, d % 4, b * 64 + d / 4, c].into(), 1_000 + u16::from(b)).unwrap(),
            peer: None,
        };
        book.hear(&address, [20, 0, 0, 1].into(), NOW_S, NOW);
    }
    let left = honest.iter().filter(|address| book.get(&address.endpoint).is_some()).count();
    assert!(left > 195, "{left}");
    // 4 groups through one source: 4 buckets of 64
    assert!(book.len() - left <= 256, "{}", book.len());
    assert_consistent(&book);
}

#[test]
fn a_flood_after_which_the_honest_come_spares_them() {
    let mut book = book();
    for number in 0..100_000_u32 {
        let [_, b, c, d] = number.to_be_bytes();
        let address =
            PeerAddress { endpoint: Endpoint::new([60 + d % 40, c, b, d].into(), 1_000).unwrap(), peer: None };
        book.hear(&address, [20, 0, 0, 1].into(), NOW_S, NOW);
    }
    // one source reaches 16 of 256 buckets
    assert!(book.len() <= 16 * 64, "{}", book.len());
    let honest: Vec<_> = (0..200).map(|number| address([50 + number / 2, 1, 1, number], Some(number))).collect();
    for (number, address) in (0..).zip(&honest) {
        book.hear(address, [51 + number % 100, 1, 1, 1].into(), NOW_S, NOW);
    }
    let there = honest.iter().filter(|address| book.get(&address.endpoint).is_some()).count();
    assert!(there > 170, "{there}");
}

#[test]
fn worthless_addresses_give_way_to_new_ones() {
    let mut book = book();
    let source = IpAddr::from([30, 1, 1, 1]);
    let all = || (0..=255).flat_map(|c| (0..=255).map(move |d| address([20, 1, c, d], None)));
    for address in all() {
        book.hear(&address, source, NOW_S, NOW);
    }
    let full = book.len();
    assert!(full <= 64);
    let before: Vec<_> = book.iter().map(|(endpoint, _)| endpoint).collect();
    for address in all() {
        book.hear(&address, source, NOW_S, NOW);
    }
    assert!(before.iter().all(|endpoint| book.get(endpoint).is_some()));
    for endpoint in &before {
        for _ in 0..3 {
            book.fail(endpoint, true, NOW);
        }
    }
    for address in all() {
        book.hear(&address, source, NOW_S, NOW);
    }
    let kept = before.iter().filter(|endpoint| book.get(endpoint).is_some()).count();
    assert!(kept < 10, "{kept}");
    assert_consistent(&book);
}
