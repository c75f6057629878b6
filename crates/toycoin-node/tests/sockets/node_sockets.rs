//! Whole nodes on real sockets: they agree, catch up, and come back, whatever happens to their relay.

use tokio::sync::broadcast::error::RecvError;
use toycoin_core::{Amount, BlockHash, ChainParams, FeeRate, SecretKey, wallet::Wallet};
use toycoin_node::{
    BlockEvent, EventsSince, ExportError, Listener, ListenerEvent, NodeBuilder, NodeHandle, PaymentError, RelayError,
    SinceError, Stopped,
    mempool::DropReason,
    protocol::{Event, WaitError},
};

use crate::{
    common::{relay, run_test},
    reserved_port::ReservedPort,
};

/// A node on regtest that mines to a key of its own.
fn miner(key: u32) -> NodeBuilder {
    NodeBuilder::new(ChainParams::regtest()).mine_to(SecretKey::classroom(key).public_key()).threads(1)
}

fn watcher() -> NodeBuilder {
    NodeBuilder::new(ChainParams::regtest())
}

/// Follows a node until its tip satisfies `done`.
async fn until(node: &NodeHandle, done: impl Fn(u64, BlockHash) -> bool) {
    let mut events = node.events();
    loop {
        let tip = node.status().await.unwrap().tip;
        if done(tip.height, tip.hash) {
            return;
        }
        // whatever was missed, the next look finds
        let _ = events.recv().await;
    }
}

async fn height(node: &NodeHandle, height: u64) {
    until(node, |at, _| at >= height).await;
}

async fn same_tip(nodes: &[&NodeHandle], tip: BlockHash) {
    for node in nodes {
        until(node, |_, hash| hash == tip).await;
    }
}

async fn stop_mining(node: &NodeHandle) -> BlockHash {
    node.set_mining(false).await.unwrap();
    node.status().await.unwrap().tip.hash
}

/// Shows a wallet all that happens until it stands on `tip`, and returns how many blocks were taken back.
async fn follow(events: &mut EventsSince, wallet: &mut Wallet, tip: BlockHash) -> u64 {
    let mut disconnected = 0;
    while wallet.tip() != tip {
        match events.next().await.unwrap().expect("the node runs") {
            BlockEvent::Connected(block) => wallet.connect(block.block()).unwrap(),
            BlockEvent::Disconnected(block) => {
                wallet.disconnect(block.block()).unwrap();
                disconnected += 1;
            }
        }
    }
    disconnected
}

#[test]
fn nodes_agree_and_a_late_joiner_catches_up() {
    run_test(async {
        let relay = relay();
        let address = relay.local_addr().to_string();
        let first = miner(10).relay(address.clone()).spawn().await.unwrap();
        let second = watcher().relay(address.clone()).spawn().await.unwrap();
        height(&second, 5).await;
        let tip = stop_mining(&first).await;
        let late = watcher().relay(address).spawn().await.unwrap();
        same_tip(&[&second, &late], tip).await;
        assert!(late.audit().await.unwrap().holds);
        for node in [first, second, late] {
            node.shutdown().await.unwrap();
        }
    });
}

#[test]
fn nodes_come_back_to_a_relay_that_was_restarted() {
    run_test(async {
        let relay = relay();
        // the address stays over the restart, whoever takes the port on which the relay listened
        let port = ReservedPort::new().forward_to(relay.local_addr());
        let address = port.address();
        let first = miner(10).relay(address.to_string()).spawn().await.unwrap();
        let second = watcher().relay(address.to_string()).spawn().await.unwrap();
        height(&second, 3).await;
        let mut events = second.events();
        port.hold();
        relay.shutdown();
        loop {
            if matches!(events.recv().await.unwrap(), Event::RelayDisconnected { relay: 0 }) {
                break;
            }
        }
        assert!(second.relays()[0].failure().is_some());

        let before = first.status().await.unwrap().tip.height;
        let relay = self::relay();
        port.forward_to(relay.local_addr());
        height(&second, before + 2).await;
        assert!(second.relays()[0].is_ready());
        first.shutdown().await.unwrap();
        second.shutdown().await.unwrap();
        relay.shutdown();
    });
}

#[test]
fn a_node_says_that_no_relay_can_be_reached() {
    run_test(async {
        // nobody listens there
        let port = ReservedPort::new();
        let address = port.address();
        let node = watcher().relay(address.to_string()).spawn().await.unwrap();
        let error = node.wait_for_relay().await.unwrap_err();
        assert!(
            matches!(&error, RelayError::NoRelay { failures } if failures[0].contains(&address.to_string())),
            "{error}"
        );
        // and goes on trying
        let relay = relay();
        let _open = port.forward_to(relay.local_addr());
        let mut events = node.events();
        while !node.relays()[0].is_ready() {
            let _ = events.recv().await;
        }
        node.wait_for_relay().await.unwrap();
        node.shutdown().await.unwrap();
    });
}

#[test]
fn what_is_no_relay_is_told_from_one() {
    run_test(async {
        // takes connections and speaks another protocol
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example ESMTP\r\n").await;
            }
        });
        let node = watcher().relay(address).spawn().await.unwrap();
        assert!(matches!(node.wait_for_relay().await, Err(RelayError::NoRelay { .. })));
        node.shutdown().await.unwrap();
    });
}

#[test]
fn wallet_follows_events_since_a_block_through_a_reorg() {
    run_test(async {
        // two miners that cannot meet, until their relay opens
        let port = ReservedPort::new();
        let address = port.address();
        let loser = miner(11).relay(address.to_string()).spawn().await.unwrap();
        let winner = miner(10).relay(address.to_string()).spawn().await.unwrap();
        height(&loser, 3).await;
        let lost_tip = stop_mining(&loser).await;
        let lost = loser.status().await.unwrap().tip.height;

        let mut wallet = Wallet::new(loser.params().clone(), SecretKey::classroom(11));
        let mut events = loser.events_since(wallet.tip());
        follow(&mut events, &mut wallet, lost_tip).await;
        assert_eq!(wallet.history().len() as u64, lost, "all blocks are its own");

        height(&winner, lost + 3).await;
        let won = stop_mining(&winner).await;
        let relay = relay();
        let _open = port.forward_to(relay.local_addr());
        let disconnected = follow(&mut events, &mut wallet, won).await;
        assert_eq!(disconnected, lost, "down to genesis");
        assert_eq!(wallet.balance().total(), Amount::ZERO);
        assert!(matches!(loser.blocks_since(lost_tip).await, Ok(since) if since.disconnected.len() as u64 == lost));
        assert!(matches!(winner.blocks_since(lost_tip).await, Err(SinceError::UnknownBlock(hash)) if hash == lost_tip));

        winner.shutdown().await.unwrap();
        loser.shutdown().await.unwrap();
        assert!(events.next().await.unwrap().is_none(), "the stream ends with its node");
        relay.shutdown();
    });
}

#[test]
fn a_payment_is_waited_for_and_its_conflict_is_refused() {
    run_test(async {
        let relay = relay();
        let address = relay.local_addr().to_string();
        let node = watcher().relay(address.clone()).spawn().await.unwrap();
        let mut wallet = Wallet::new(node.params().clone(), SecretKey::classroom(0));
        let bob = node.params().address(SecretKey::classroom(1).public_key());
        let amount = Amount::from_toycoins(3).unwrap();
        let payment = wallet.pay(bob, amount, FeeRate::ZERO).unwrap();
        let txid = node.submit(payment).await.unwrap();

        // the same coin again, for no higher fee
        let mut cheat = Wallet::new(node.params().clone(), SecretKey::classroom(0));
        let conflict = cheat.pay(bob, Amount::from_toycoins(4).unwrap(), FeeRate::ZERO).unwrap();
        assert!(matches!(node.submit(conflict.clone()).await, Err(PaymentError::Refused(_))));

        let miner = miner(10).relay(address).spawn().await.unwrap();
        let confirmed = node.wait_for_confirmations(txid, 3).await.unwrap();
        assert!(confirmed.confirmations >= 3);
        assert!(node.block(confirmed.block).await.unwrap().is_some());
        // now its coin is gone
        assert!(matches!(node.submit(conflict).await, Err(PaymentError::Refused(_))));
        let place = node.transaction(txid).await.unwrap().unwrap();
        assert_eq!(place.block, Some((confirmed.block, confirmed.height)));
        miner.shutdown().await.unwrap();
        node.shutdown().await.unwrap();
    });
}

#[test]
fn a_wait_ends_when_its_payment_is_replaced() {
    run_test(async {
        let node = watcher().spawn().await.unwrap();
        let bob = node.params().address(SecretKey::classroom(1).public_key());
        let pay = |rate| {
            let mut wallet = Wallet::new(ChainParams::regtest(), SecretKey::classroom(0));
            wallet.pay(bob, Amount::from_toycoins(3).unwrap(), FeeRate::grains_per_byte(rate)).unwrap()
        };
        let txid = node.submit(pay(1)).await.unwrap();
        // the wait is asked for first
        let (waited, replaced) = tokio::join!(biased; node.wait_for_confirmations(txid, 1), node.submit(pay(9)));
        assert!(
            matches!(waited, Err(PaymentError::NotConfirmed(WaitError::Dropped(DropReason::Replaced { .. })))),
            "{waited:?}"
        );
        replaced.unwrap();
        assert!(node.transaction(txid).await.unwrap().is_none());
        node.shutdown().await.unwrap();
        assert!(matches!(node.status().await, Err(Stopped { reason: None })));
        assert!(matches!(node.events().recv().await, Err(RecvError::Closed)), "and says nothing more");
    });
}

#[test]
fn an_export_is_the_active_chain() {
    run_test(async {
        let relay = relay();
        let node = miner(10).relay(relay.local_addr().to_string()).spawn().await.unwrap();
        height(&node, 4).await;
        let tip = stop_mining(&node).await;
        let mut out = Vec::new();
        let blocks = node.export(&mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len() as u64, blocks + 1);
        assert!(lines[0].starts_with(r#"{"toycoin":1,"network":"regtest""#));
        assert!(lines[1].starts_with(&format!(r#"{{"hash":"{}""#, node.params().genesis_hash())));
        assert!(lines.last().unwrap().starts_with(&format!(r#"{{"hash":"{tip}""#)));

        /// A disk that is full.
        struct Full;
        impl std::io::Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert!(matches!(node.export(Full).await, Err(ExportError::Write(_))));
        node.shutdown().await.unwrap();
    });
}

#[test]
fn listener_hears_each_block_once_and_tells_a_lost_relay() {
    run_test(async {
        let relay = relay();
        let address = relay.local_addr().to_string();
        let mut listener = Listener::new(address.clone(), "/topic/main".parse().unwrap(), "test");
        assert_eq!(listener.next().await, Some(ListenerEvent::Ready));
        let node = miner(10).relay(address).spawn().await.unwrap();
        let mut heights = Vec::new();
        while heights.len() < 4 {
            if let Some(ListenerEvent::Block { block, .. }) = listener.next().await {
                heights.push(block.header.height);
            }
        }
        assert_eq!(heights, [1, 2, 3, 4]);
        node.shutdown().await.unwrap();
        relay.shutdown();
        loop {
            if let Some(ListenerEvent::Failed { .. }) = listener.next().await {
                break;
            }
        }
    });
}

#[test]
fn a_miner_tells_its_hash_rate() {
    run_test(async {
        // lab's target is far away: it searches all the time
        let key = SecretKey::classroom(10).public_key();
        let node = NodeBuilder::new(ChainParams::lab()).mine_to(key).threads(1).throttle(10).spawn().await.unwrap();
        let mut events = node.events();
        loop {
            if let Ok(Event::HashRate { per_second }) = events.recv().await {
                assert!(per_second > 0);
                break;
            }
        }
        assert!(node.hash_rate() > 0.0);
        node.shutdown().await.unwrap();
    });
}
