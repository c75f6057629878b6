//! The search goes on whatever servers withhold, invent, deny or repeat, and blames nobody who is honest.

mod world;

use toycoin_core::{ChainParams, test_util::classroom};
use toycoin_light::{
    limits,
    machine::{Input, Output},
};
use toycoin_wire::{NodeMessage, Payload, machine::Machine};
use world::{
    FullNode, Manner, World,
    concern::{CONCERN, OWNER, chain, world},
    server,
};

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

#[test]
fn filters_wait_no_further_ahead_in_small_pieces() {
    let mut node = FullNode::new(ChainParams::regtest());
    node.grow(1_300);
    let nodes = (0..8).map(|_| node.copy(Manner::OneFilter)).collect();
    let mut world = World::new(ChainParams::regtest(), nodes);
    // it is paid by each block, and none comes, so the search waits at the first
    world.tell(Input::Watch { owner: classroom::owner(7), birthday: 1 });
    world.publish();
    let mut asked = 0;
    while let Some(output) = world.client.poll_output() {
        asked += usize::from(matches!(&output, Output::Ask { payload, .. } if payload.starts_with(b"GFIL")));
        world.carry_out(output);
    }
    assert_eq!(world.client.tip().header.height, 1_300);
    // those that were near at first, and those that the pieces pushed before them
    assert!((1..=2 * limits::SPANS).contains(&asked), "{asked} questions");
}

#[test]
fn a_receipt_told_again_and_again_holds_up_nothing() {
    let mut node = chain();
    let mut world = World::new(ChainParams::regtest(), vec![node.copy(Manner::Honest), node.copy(Manner::Honest)]);
    world.publish();
    world.run(limits::PATIENCE);
    let block = node.block(5);
    let receipt = node.chain.receipt(&block.transactions[0].txid()).unwrap().unwrap();
    // nobody answers by itself
    world.servers.clear();
    world.tell(Input::Prove { txid: block.transactions[0].txid() });
    let mut asked = Vec::new();
    for _ in 0..6 {
        while let Some(output) = world.client.poll_output() {
            let Output::Ask { server, payload } = output else { continue };
            let Ok(Payload::Message(question)) = NodeMessage::decode(&payload) else { panic!("it is a question") };
            match question {
                NodeMessage::GetProof(_) => {
                    asked.push(server);
                    let answers = node.answer(question);
                    answers.iter().for_each(|payload| world.tell(Input::Heard { server, payload }));
                }
                NodeMessage::GetReceipts(_) => world.hear(server, &NodeMessage::Receipts(vec![receipt.clone()])),
                // the first one never proves the receipt's block, and tells the receipt again
                _ => {}
            }
        }
        world.now = world.now + limits::PATIENCE / 2;
        world.tell(Input::Timeout);
        if let Some(first) = asked.first() {
            world.hear(*first, &NodeMessage::Receipts(vec![receipt.clone()]));
        }
    }
    asked.dedup();
    assert!(asked.len() > 1, "another server is asked");
}
