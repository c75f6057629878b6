//! The light client finds what concerns its owners, though servers hide it.

mod world;

use toycoin_core::{ChainParams, test_util::classroom};
use toycoin_light::machine::{Event, Input, LightConfig, LightMachine, Output};
use toycoin_wire::{NodeMessage, Payload, machine::Machine};
use world::{FullNode, Manner, World, server};

/// The owner whom the client follows.
const OWNER: u32 = 5;

/// A chain of 260 blocks, four of which concern the owner: three pay it, and one spends its coin for others.
fn chain() -> FullNode {
    let mut node = FullNode::new(ChainParams::regtest());
    node.grow(4);
    let paid = node.payment(0, OWNER, 1_000, 0);
    node.mine(vec![paid], classroom::owner(7));
    node.grow(110);
    node.mine(Vec::new(), classroom::owner(OWNER));
    node.grow(14);
    // all of its ordinary coin goes to somebody else: the block holds it as an input alone
    let spent = {
        let coins: Vec<_> = node.chain.coins_of(&classroom::owner(OWNER)).expect("a chain in memory");
        let ordinary: Vec<_> = coins.into_iter().filter(|(_, coin)| coin.coinbase_height == 0).collect();
        let params = node.chain.params();
        toycoin_core::TransactionBuilder::new(params)
            .spend(ordinary)
            .pay(params.address(classroom::owner(3)), toycoin_core::Amount::from_grains(1_000))
            .sign(classroom::key(OWNER))
            .expect("its coin is enough")
    };
    node.mine(vec![spent], classroom::owner(7));
    node.grow(8);
    // and it is paid once more, so that blocks found by the coin and by the owner alternate
    let paid = node.payment(1, OWNER, 7, 1);
    node.mine(vec![paid], classroom::owner(7));
    node.grow(120);
    assert_eq!(node.chain.height(), 260);
    node
}

const CONCERN: [u64; 4] = [5, 116, 131, 140];

fn world(nodes: Vec<FullNode>) -> World {
    let mut world = World::new(ChainParams::regtest(), nodes);
    world.tell(Input::Watch { owner: classroom::owner(OWNER), birthday: 1 });
    world.settle();
    world
}

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

#[test]
fn who_denies_blocks_stops_nobody() {
    let node = chain();
    for honest in [1, 3] {
        let denies = |_| node.copy(Manner::DeniesAncestors);
        let mut nodes: Vec<_> = (0..2).map(denies).collect();
        nodes.insert(honest - 1, node.copy(Manner::Honest));
        let world = world(nodes);
        assert_eq!(world.blocks(), CONCERN);
        assert!(world.muted().is_empty());
    }
}

#[test]
fn a_false_block_that_one_server_denies_is_given_up() {
    let node = chain();
    let silent = [Manner::DeniesAncestors, Manner::Silent, Manner::Silent].map(|manner| node.copy(manner));
    let nodes = [node.copy(Manner::Invents(116))].into_iter().chain(silent).chain([node]).collect();
    let world = world(nodes);
    assert_eq!(world.blocks(), CONCERN);
    assert!(!world.muted().contains(&server(5)));
}

#[test]
fn who_sends_one_block_again_and_another_never_is_left() {
    for withheld in CONCERN {
        let node = chain();
        let withholds = |_| node.copy(Manner::Withholds(withheld));
        let nodes = (0..3).map(withholds).chain([node.copy(Manner::Honest)]).collect();
        let world = world(nodes);
        assert_eq!(world.blocks(), CONCERN, "height {withheld}");
        assert!(world.muted().is_empty());
    }
}

#[test]
fn a_flood_of_false_blocks_is_dropped_with_its_sender() {
    let node = chain();
    let world = world(vec![node.copy(Manner::Floods), node.copy(Manner::Floods), node]);
    assert_eq!(world.blocks(), CONCERN);
    assert!(!world.muted().is_empty() && !world.muted().contains(&server(3)));
}

#[test]
fn a_spend_is_found_again_when_the_search_goes_back() {
    let node = chain();
    let mut world = world(vec![node.copy(Manner::Honest), node]);
    // between the coin and its spend
    for birthday in [120, 100, 131] {
        world.tell(Input::Watch { owner: classroom::owner(birthday), birthday: birthday.into() });
        world.settle();
        assert_eq!(world.blocks(), CONCERN, "birthday {birthday}");
        assert_eq!(world.client.progress(), (260, 260));
    }
}

#[test]
fn a_reorganisation_amid_a_confirmation_blames_nobody() {
    let node = chain();
    let mut winner = node.copy(Manner::Honest);
    let mut world = world(vec![node.copy(Manner::Honest), node.copy(Manner::Honest)]);
    // both have a block more, whose filter the second one is asked for at last
    let block = world.servers.get_mut(&server(1)).unwrap().mine(Vec::new(), classroom::owner(7));
    world.servers.get_mut(&server(2)).unwrap().take(&block);
    world.publish();
    let (mut asked, mut late) = (0, None);
    while let Some(output) = world.client.poll_output() {
        if let Output::Ask { server, payload } = &output
            && payload.starts_with(b"GFIL")
        {
            asked += 1;
            if asked == 2 {
                late = Some((*server, payload.clone()));
                break;
            }
        }
        world.carry_out(output);
    }
    let (second, question) = late.expect("a second server is asked");
    let Ok(Payload::Message(question)) = NodeMessage::decode(&question) else { panic!("it is a question") };
    let answers = world.servers.get_mut(&second).unwrap().answer(question);
    // before its answer comes, another branch wins
    let paid = winner.payment(2, OWNER, 3, 2);
    let mut others = vec![winner.mine(vec![paid], classroom::owner(7))];
    others.extend((0..3).map(|_| winner.mine(Vec::new(), classroom::owner(7))));
    for name in [1, 2] {
        others.iter().for_each(|block| world.servers.get_mut(&server(name)).unwrap().take(block));
    }
    let first = if second == server(1) { server(2) } else { server(1) };
    let status = world.servers[&first].status();
    world.hear(first, &status);
    world.run(std::time::Duration::from_secs(1));
    assert_eq!(world.client.tip().header.height, 264);
    for answer in answers {
        world.tell(Input::Heard { server: second, payload: &answer });
    }
    world.settle();
    assert!(world.muted().is_empty());
    assert_eq!((world.blocks().last(), world.client.progress()), (Some(&261), (264, 264)));
}
