//! A chain with a few blocks that concern one owner, and a client that follows it.

use toycoin_core::{ChainParams, test_util::classroom};
use toycoin_light::machine::Input;

use super::{FullNode, World};

/// The owner whom the client follows.
pub(crate) const OWNER: u32 = 5;

/// A chain of 260 blocks, four of which concern the owner: three pay it, and one spends its coin for others.
pub(crate) fn chain() -> FullNode {
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

/// The heights of its blocks that concern the owner.
pub(crate) const CONCERN: [u64; 4] = [5, 116, 131, 140];

/// Returns a client that has found what there is to find.
pub(crate) fn world(nodes: Vec<FullNode>) -> World {
    let mut world = World::new(ChainParams::regtest(), nodes);
    world.tell(Input::Watch { owner: classroom::owner(OWNER), birthday: 1 });
    world.settle();
    world
}
