//! The light client finds what concerns its owners, though servers hide it.

mod world;

use toycoin_core::{ChainParams, test_util::classroom};
use toycoin_light::machine::{Event, Input, LightConfig, LightMachine};
use world::{
    FullNode, Manner, World,
    concern::{CONCERN, OWNER, chain, world},
    server,
};

#[test]
fn payments_to_an_owner_and_by_it_are_found_in_order() {
    let node = chain();
    let mut world = world(vec![node.copy(Manner::Honest), node]);
    assert_eq!(world.blocks(), CONCERN);
    assert_eq!(world.client.progress(), (260, 260));
    // and what comes next
    let node = world.servers.get_mut(&server(2)).expect("a chain in memory");
    let payment = node.payment(1, OWNER, 5, 1);
    let block = node.mine(vec![payment], classroom::owner(7));
    world.servers.get_mut(&server(1)).unwrap().take(&block);
    world.settle();
    assert_eq!(world.blocks().last(), Some(&261));
}

#[test]
fn one_server_alone_confirms_nothing() {
    let world = world(vec![chain()]);
    assert_eq!(world.blocks(), CONCERN);
    assert_eq!(world.client.progress(), (260, 0));
}

#[test]
fn a_birthday_saves_the_filters_before() {
    let mut world = World::new(ChainParams::regtest(), vec![chain()]);
    world.tell(Input::Watch { owner: classroom::owner(OWNER), birthday: 100 });
    world.settle();
    assert_eq!(world.blocks(), [116, 140], "what was paid before its birthday is not known, nor that it was spent");
}

#[test]
fn who_hides_a_payment_is_muted_and_the_payment_found() {
    for hidden in CONCERN {
        let node = chain();
        // three honest ones, so that each is asked sooner or later
        let nodes = vec![node.copy(Manner::Hides(hidden)), node.copy(Manner::Honest), node];
        let world = world(nodes);
        assert_eq!(world.blocks(), CONCERN, "height {hidden}");
        assert_eq!(world.muted(), [server(1)], "height {hidden}");
        assert_eq!(world.client.progress(), (260, 260));
    }
}

#[test]
fn who_names_a_false_block_stops_nobody() {
    let node = chain();
    let nodes = vec![node.copy(Manner::Invents(116)), node.copy(Manner::Honest), node];
    let world = world(nodes);
    assert_eq!(world.blocks(), CONCERN);
    assert_eq!(world.client.progress(), (260, 260));
    assert!(!world.muted().contains(&server(2)) && !world.muted().contains(&server(3)));
}

#[test]
fn filters_at_other_heights_mislead_nobody() {
    let node = chain();
    let nodes = vec![node.copy(Manner::Shifts), node.copy(Manner::Shifts), node.copy(Manner::Honest), node];
    let world = world(nodes);
    assert_eq!(world.blocks(), CONCERN);
    assert_eq!(world.client.progress(), (260, 260));
    assert!(!world.muted().contains(&server(3)) && !world.muted().contains(&server(4)));
}

#[test]
fn a_growing_chain_is_searched_all_the_same() {
    let node = chain();
    let mut world = World::new(ChainParams::regtest(), vec![node.copy(Manner::Honest), node]);
    world.tell(Input::Watch { owner: classroom::owner(OWNER), birthday: 1 });
    world.publish();
    // a block comes before each answer
    while world.client.progress().0 < 260 {
        let block = world.servers.get_mut(&server(2)).expect("it is there").mine(Vec::new(), classroom::owner(7));
        world.servers.get_mut(&server(1)).expect("it is there").take(&block);
        world.publish();
        world.step();
    }
    world.settle();
    assert_eq!(world.blocks(), CONCERN);
}

#[test]
fn who_swaps_a_body_is_muted() {
    let node = chain();
    let nodes = vec![node.copy(Manner::SwapsBodies), node.copy(Manner::SwapsBodies), node];
    let world = world(nodes);
    assert_eq!(world.blocks(), CONCERN);
    assert!(!world.muted().is_empty() && !world.muted().contains(&server(3)));
}

#[test]
fn an_owner_may_come_later() {
    let mut world = World::new(ChainParams::regtest(), vec![chain()]);
    world.tell(Input::Watch { owner: classroom::owner(6), birthday: 1 });
    world.settle();
    assert!(world.blocks().is_empty());
    world.tell(Input::Watch { owner: classroom::owner(OWNER), birthday: 1 });
    world.settle();
    assert_eq!(world.blocks(), CONCERN);
}

#[test]
fn a_receipt_is_collected_and_a_missing_one_reported() {
    let node = chain();
    let txid = node.block(5).transactions[0].txid();
    let coinbase = node.block(255).coinbase.txid();
    let mut world = world(vec![node.copy(Manner::Tampers), node]);
    for txid in [txid, coinbase, toycoin_core::Txid::ZERO] {
        world.tell(Input::Prove { txid });
    }
    world.settle();
    let receipts: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Receipt(bundle) => Some(bundle),
            _ => None,
        })
        .collect();
    let ids: Vec<_> = receipts.iter().map(|bundle| bundle.receipt.transaction.ids().0).collect();
    assert_eq!(ids, [txid, coinbase]);
    assert!(receipts[0].ancestry.is_some() && receipts[1].ancestry.is_none(), "the second block is in the tail");
    assert!(world.events.contains(&Event::NoReceipt { txid: toycoin_core::Txid::ZERO }));
}

#[test]
fn a_coin_of_genesis_is_seen_spent_without_change() {
    let mut node = FullNode::new(ChainParams::regtest());
    let coins = node.chain.coins_of(&classroom::owner(0)).unwrap();
    let all = coins.iter().map(|(_, coin)| coin.output.value).sum();
    let params = node.chain.params().clone();
    let spent = toycoin_core::TransactionBuilder::new(&params)
        .spend(coins)
        .pay(params.address(classroom::owner(3)), all)
        .sign(classroom::key(0))
        .unwrap();
    node.grow(2);
    node.mine(vec![spent], classroom::owner(7));
    node.grow(3);
    let mut world = World::new(params, vec![node.copy(Manner::Honest), node]);
    world.tell(Input::Watch { owner: classroom::owner(0), birthday: 1 });
    world.settle();
    assert_eq!(world.blocks(), [3]);
}

#[test]
fn what_one_server_alone_said_is_not_saved() {
    let mut alone = world(vec![chain()]);
    assert_eq!(alone.client.progress(), (260, 0));
    let saved = alone.client.save();
    assert_eq!(saved.searched, 0);
    // beside a second server, all of it is found again
    let config = LightConfig::new(ChainParams::regtest(), [8; 32]);
    let client = LightMachine::resume(config, &saved).unwrap();
    let nodes = vec![chain(), chain()];
    alone = World::with(client, nodes);
    alone.settle();
    assert_eq!((alone.blocks(), alone.client.progress()), (CONCERN.to_vec(), (260, 260)));
    assert_eq!(alone.client.save().searched, 260);
}
