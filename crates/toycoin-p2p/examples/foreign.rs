//! A node for authors of peers in other languages: it says where it is, and makes what such a peer wants to try.
//!
//!     cargo run -p toycoin-p2p --example foreign
//!
//! It runs on `regtest`, where a block takes no time, and listens on loopback. It reads commands from its standard input,
//! one a line, and answers each with one line on its standard output. The answer begins with the command:
//!
//! | command | answer | what the node does |
//! | --- | --- | --- |
//! | `mine` | height, hash, message id, payload | mines at least one block and gossips it; the last one is shown |
//! | `pay` | id, message id, payload | makes a payment and gossips it |
//! | `payment` | id, message id, payload | nothing: the payment is for the peer to publish |
//! | `bad-payment` | id, message id, payload | nothing: its signature is wrong |
//! | `block` | height, hash, message id, payload | nothing: a block on its tip is for the peer to publish |
//! | `bad-block` | height, hash, message id, payload | nothing: its Merkle root is that of other transactions |
//! | `peers` | peer ids | |
//! | `quit` | | ends, as it does at the end of its input |
//!
//! So a peer can be tried without consensus rules of its own: payloads are hex, tag and body, as the topics carry them.
//! `tests/interop/js` is such a peer on js-libp2p.

#![expect(clippy::print_stdout, reason = "it speaks to its peer's author")]

use std::{error::Error, io::stdin, time::Duration};

use tokio::runtime::Runtime;
use toycoin_core::{
    Amount, Block, ChainParams, FeeRate, MerkleRoot, PublicKey, SecretKey, Signature, Transaction, TransactionBuilder,
    hex::Hex, test_util::TestLedger,
};
use toycoin_node::{NodeBuilder, NodeHandle, mesh_port};
use toycoin_p2p::{Config, Handle, ListenAddress, NetworkNames, message_id, start};
use toycoin_wire::node::NodeMessage;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Who owns coins from genesis on. Each kind of payment has a payer of its own, so that none spends another's coins.
const PAYERS: [(&str, u32); 3] = [("pay", 1), ("payment", 2), ("bad-payment", 3)];

/// Time between two looks at the chain while the node mines.
const LOOK: Duration = Duration::from_millis(5);

struct Site {
    node: NodeHandle,
    mesh: Handle,
    names: NetworkNames,
}

pub(crate) fn main() -> Outcome<()> {
    // its threads run the node while this one waits for the next line
    let runtime = Runtime::new()?;
    let site = runtime.block_on(Site::start())?;
    for address in site.mesh.listening() {
        println!("listens {address}");
    }
    println!("network {}", site.node.params().genesis_hash());
    for line in stdin().lines() {
        let line = line?;
        let command = line.trim();
        if command == "quit" {
            break;
        }
        println!("{command} {}", runtime.block_on(site.answer(command))?);
    }
    runtime.block_on(site.stop())
}

impl Site {
    async fn start() -> Outcome<Self> {
        let params = ChainParams::regtest();
        let names = NetworkNames::new(params.genesis_hash());
        let (port, end) = mesh_port(1_024);
        let listen: ListenAddress = "/ip4/127.0.0.1/tcp/0".parse()?;
        let mesh = start(Config::new(&params).listen(listen), end).await?;
        let node = NodeBuilder::new(params).mine_to(miner()).threads(1).mesh(port).spawn().await?;
        node.set_mining(false).await?;
        Ok(Self { node, mesh, names })
    }

    async fn stop(self) -> Outcome<()> {
        self.node.shutdown().await?;
        self.mesh.ended().await;
        Ok(())
    }

    async fn answer(&self, command: &str) -> Outcome<String> {
        match command {
            "mine" => self.mine().await,
            "pay" => {
                let payment = self.payment(command).await?;
                self.node.submit(payment.clone()).await?;
                self.show_payment(payment)
            }
            "payment" => self.show_payment(self.payment(command).await?),
            "bad-payment" => {
                let mut payment = self.payment(command).await?;
                payment.signatures.iter_mut().for_each(|signature| *signature = Signature::from_bytes([7; 64]));
                self.show_payment(payment)
            }
            "block" => self.show_block(self.ledger().await?.next_block(Vec::new(), miner())),
            "bad-block" => {
                let mut block = self.ledger().await?.next_block(Vec::new(), miner());
                block.header.merkle_root = MerkleRoot::default();
                self.show_block(block.mine_trivial())
            }
            "peers" => Ok(self.mesh.peers().await.iter().map(|peer| peer.id.to_string()).collect::<Vec<_>>().join(" ")),
            _ => Ok("unknown: mine, pay, payment, bad-payment, block, bad-block, peers, quit".into()),
        }
    }

    async fn mine(&self) -> Outcome<String> {
        let before = self.node.status().await?.tip.height;
        self.node.set_mining(true).await?;
        while self.node.status().await?.tip.height == before {
            tokio::time::sleep(LOOK).await;
        }
        self.node.set_mining(false).await?;
        let tip = self.node.status().await?.tip;
        let block = self.node.block(tip.hash).await?.ok_or("the tip has a block")?;
        self.show_block(block.block().clone())
    }

    /// Returns a payment of the payer for this kind.
    async fn payment(&self, kind: &str) -> Outcome<Transaction> {
        let (_, payer) = PAYERS.iter().find(|(name, _)| *name == kind).ok_or("a kind of payment")?;
        let (payer, params) = (SecretKey::classroom(*payer), self.node.params());
        let payment = TransactionBuilder::new(params)
            .spend(self.node.coins_of(payer.public_key()).await?)
            .pay(params.address(miner()), Amount::from_toycoins(1)?)
            .fee_rate(FeeRate::grains_per_byte(1))
            .sign(&payer)?;
        Ok(payment)
    }

    /// Returns the node's chain, once more, to build on it.
    async fn ledger(&self) -> Outcome<TestLedger> {
        let mut ledger = TestLedger::new(self.node.params().clone());
        for height in 1..=self.node.status().await?.tip.height {
            let block = self.node.block_at(height).await?.ok_or("a block at each height")?;
            ledger.push_unjudged(block.block().clone());
        }
        Ok(ledger)
    }

    fn show_payment(&self, payment: Transaction) -> Outcome<String> {
        let txid = payment.txid();
        Ok(format!("{txid} {}", show(&self.names.transactions(), NodeMessage::Transaction(payment))?))
    }

    fn show_block(&self, block: Block) -> Outcome<String> {
        let (height, hash) = (block.header.height, block.hash());
        Ok(format!("{height} {hash} {}", show(&self.names.blocks(), NodeMessage::Block(block))?))
    }
}

fn miner() -> PublicKey {
    SecretKey::classroom(0).public_key()
}

/// Returns the message id of a payload, and the payload.
fn show(topic: &str, message: NodeMessage) -> Outcome<String> {
    let payload = message.encode()?;
    Ok(format!("{} {}", Hex(&message_id(topic, &payload)), Hex(&payload)))
}
