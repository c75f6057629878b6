//! Chains for scripted peers, and what an honest peer with such a chain says and answers.

use toycoin_core::{
    Amount, Block, BlockHash, ChainParams, Header, OutPoint, SecretKey, Transaction, TransactionBuilder, TxOut,
    chain::Chain,
    store::{ChainStore, MemoryStore},
    test_util::classroom,
};
use toycoin_wire::node::{BlockTransactions, NodeMessage, Status};

/// A peer's chain.
pub(crate) type PeerChain = Chain<MemoryStore>;

/// Returns a chain of so many blocks on genesis; another `branch` makes other blocks.
pub(crate) fn chain_of(params: &ChainParams, blocks: usize, branch: u8) -> PeerChain {
    let mut chain = Chain::in_memory(params.clone());
    extend(&mut chain, blocks, branch);
    chain
}

/// Appends so many empty blocks, each a tenth of a second after its parent.
pub(crate) fn extend(chain: &mut PeerChain, blocks: usize, branch: u8) {
    for _ in 0..blocks {
        mine(chain, Vec::new(), branch);
    }
}

/// Appends so many blocks of about so many bytes by formula each, in payments that each spend the change of the one before.
pub(crate) fn extend_by_size(chain: &mut PeerChain, blocks: usize, bytes: usize) {
    const LARGEST_PAYMENT: usize = 99_000;
    let (owner, genesis) = (classroom::owner(0), chain.params().genesis_hash());
    for _ in 0..blocks {
        let coins = chain.coins_of(&owner).expect("memory does not fail");
        let (mut outpoint, coin) = coins.into_iter().max_by_key(|(_, coin)| coin.output.value).expect("a coin");
        let mut spent = coin.output;
        let mut payments = Vec::new();
        // header and coinbase take 185 bytes, a payment with one input 116 and its outputs
        let mut rest = bytes.saturating_sub(185);
        while payments.is_empty() || rest > 200 {
            let size = rest.min(LARGEST_PAYMENT);
            rest -= size;
            let outputs = size.saturating_sub(116) / 40 + 1;
            let change = Amount::from_grains(spent.value.grains() - (outputs as u64 - 1));
            let mut paid = vec![TxOut { value: change, owner }];
            paid.resize(outputs, TxOut { value: Amount::from_grains(1), owner: classroom::owner(1) });
            let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs: paid, signatures: Vec::new() };
            classroom::sign(&mut payment, genesis, &[spent]);
            (outpoint, spent) = (OutPoint { txid: payment.txid(), vout: 0 }, payment.outputs[0]);
            payments.push(payment);
        }
        mine(chain, payments, 1);
    }
}

/// Returns a chain of so many blocks of about so many bytes each.
pub(crate) fn chain_of_size(params: &ChainParams, blocks: usize, bytes: usize) -> PeerChain {
    let mut chain = Chain::in_memory(params.clone());
    extend_by_size(&mut chain, blocks, bytes);
    chain
}

/// Appends one block with these transactions.
pub(crate) fn mine(chain: &mut PeerChain, transactions: Vec<Transaction>, branch: u8) -> Block {
    let time = chain.tip().time + 100;
    let block = next_block(chain, transactions, branch, time);
    chain.apply(block.clone(), time).expect("a valid block");
    block
}

/// Returns the next block at that time, without appending it.
pub(crate) fn next_block(chain: &PeerChain, transactions: Vec<Transaction>, branch: u8, time: u64) -> Block {
    let payout = classroom::owner(7);
    chain.template(transactions, payout, &[branch], time).expect("transactions in order").mine_trivial()
}

/// Returns a copy of a chain up to a height.
pub(crate) fn prefix(chain: &PeerChain, height: u64) -> PeerChain {
    let mut copy = Chain::in_memory(chain.params().clone());
    for height in 1..=height {
        copy.apply(block_at(chain, height), u64::MAX).expect("valid there, valid here");
    }
    copy
}

/// Returns the block at a height.
pub(crate) fn block_at(chain: &PeerChain, height: u64) -> Block {
    chain.block_at(height).expect("memory does not fail").expect("a height of the chain").block().clone()
}

/// Returns the headers from one height to another, both included.
pub(crate) fn headers(chain: &PeerChain, heights: std::ops::RangeInclusive<u64>) -> Vec<Header> {
    heights.map(|height| chain.header_at(height).expect("a height of the chain").header).collect()
}

/// Returns a payment of that many grains from one classroom key to another.
pub(crate) fn payment(chain: &PeerChain, from: u32, to: u32, grains: u64) -> Transaction {
    let key = SecretKey::classroom(from);
    TransactionBuilder::new(chain.params())
        .spend(chain.coins_of(&key.public_key()).expect("memory does not fail"))
        .pay(chain.params().address(classroom::owner(to)), Amount::from_grains(grains))
        .sign(&key)
        .expect("coins enough")
}

/// Returns a payment with so many outputs of one grain, which spends a classroom key's first coin and returns the rest.
pub(crate) fn wide_payment<S: ChainStore<Error: std::fmt::Debug>>(
    chain: &Chain<S>,
    from: u32,
    outputs: u64,
) -> Transaction {
    let owner = classroom::owner(from);
    let coins = chain.coins_of(&owner).expect("the store does not fail");
    let (outpoint, coin) = coins.into_iter().max_by_key(|(_, coin)| coin.output.value).expect("a coin");
    let rest = Amount::from_grains(coin.output.value.grains() - outputs);
    let grain = TxOut { value: Amount::from_grains(1), owner: classroom::owner(from + 1) };
    let mut all = vec![grain; usize::try_from(outputs).expect("few enough")];
    all.push(TxOut { value: rest, owner });
    let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs: all, signatures: vec![] };
    classroom::sign(&mut payment, chain.params().genesis_hash(), &[coin.output]);
    payment
}

/// Returns what a node with that chain says of itself.
pub(crate) fn status(chain: &PeerChain, time: u64) -> NodeMessage {
    let tip = chain.tip();
    let genesis = chain.params().genesis_hash();
    let (height, work) = (tip.height, tip.work.to_be_bytes());
    NodeMessage::Status(Status { genesis, tip: tip.hash, height, work, time })
}

/// Returns what an honest node with that chain answers to a message.
pub(crate) fn honest_answers(chain: &PeerChain, message: &NodeMessage) -> Vec<NodeMessage> {
    match message {
        NodeMessage::GetHeaders(request) => {
            vec![NodeMessage::Headers(chain.headers_after(&request.locator, &request.stop, 2_000))]
        }
        NodeMessage::GetBlocks(hashes) => {
            let (held, missing): (Vec<_>, Vec<BlockHash>) =
                hashes.iter().copied().partition(|hash| chain.has_block(hash));
            let body = |hash: BlockHash| {
                chain.block(&hash).expect("memory does not fail").expect("it is held").block().clone()
            };
            let missing: Vec<_> = missing.into_iter().map(|hash| hash.to_bytes()).collect();
            let not_found = (!missing.is_empty()).then_some(NodeMessage::NotFound(missing));
            held.into_iter().map(|hash| NodeMessage::Block(body(hash))).chain(not_found).collect()
        }
        NodeMessage::GetBlockTransactions(request) => {
            let Some(block) = chain.block(&request.block).expect("memory does not fail") else {
                return vec![NodeMessage::NotFound(vec![request.block.to_bytes()])];
            };
            let payment = |place: &u32| block.block().transactions[*place as usize].clone();
            let transactions = request.places.iter().map(payment).collect();
            vec![NodeMessage::BlockTransactions(BlockTransactions { block: request.block, transactions })]
        }
        _ => Vec::new(),
    }
}
