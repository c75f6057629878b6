//! A live network: what the view shows is what the nodes say, parted and healed.

use std::{error::Error, time::Duration};

use tokio::time::timeout;
use toycoin_core::ChainParams;
use toycoin_view::{
    command::{Command, Done, Refusal},
    hub::{Hub, Next},
    stage::live::{Live, LiveConfig},
    state::State,
};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Waits until the state meets a condition. A minute is for a machine that has much else to do.
async fn until(hub: &std::sync::Arc<Hub>, what: &str, is_so: impl Fn(&State) -> bool) -> Outcome {
    let mut viewer = hub.join(None);
    let wait = async {
        while !hub.look(&is_so) {
            viewer.next().await;
        }
    };
    timeout(Duration::from_secs(60), wait).await.map_err(|_| format!("never: {what}").into())
}

fn tips(state: &State) -> usize {
    let mut tips: Vec<_> = state.nodes.iter().map(|node| &node.tip).collect();
    tips.sort_unstable();
    tips.dedup();
    tips.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_network_parts_and_heals_by_command() -> Outcome {
    let live =
        Live::start(LiveConfig::new(ChainParams::regtest()).nodes(3).throttle(1).payments_per_second(0.0)).await?;
    let hub = live.hub();
    until(hub, "3 nodes with blocks", |state| state.nodes.len() == 3 && state.nodes.iter().all(|n| n.height > 2))
        .await?;

    live.command(Command::Partition { groups: vec![vec![0, 1]] }).await?;
    until(hub, "two tips", |state| state.groups == [vec![0, 1], vec![2]] && tips(state) >= 2).await?;
    let parted_at = hub.look(|state| state.nodes.iter().map(|node| node.height).max().unwrap_or(0));
    until(hub, "blocks on both sides", |state| state.nodes.iter().all(|node| node.height > parted_at + 2)).await?;

    // node 0 alone mines on, so that its branch wins
    live.command(Command::Stop { node: 1 }).await?;
    live.command(Command::Stop { node: 2 }).await?;
    live.command(Command::Heal).await?;
    let highest = hub.look(|state| state.nodes.iter().map(|node| node.height).max().unwrap_or(0));
    until(hub, "all follow node 0", |state| state.nodes.iter().all(|node| node.height > highest + 2)).await?;
    live.command(Command::Stop { node: 0 }).await?;
    until(hub, "one tip", |state| state.down == [0, 1, 2] && tips(state) == 1).await?;
    for (node, handle) in live.nodes().iter().enumerate() {
        let tip = handle.status().await?.tip;
        hub.look(|state| {
            assert_eq!((&state.nodes[node].tip, state.nodes[node].height), (&tip.hash.to_string(), tip.height))
        });
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_waits_in_each_mempool_until_a_block() -> Outcome {
    let live =
        Live::start(LiveConfig::new(ChainParams::regtest()).nodes(2).throttle(1).payments_per_second(0.0)).await?;
    let hub = live.hub();
    live.command(Command::Stop { node: 0 }).await?;
    live.command(Command::Stop { node: 1 }).await?;
    until(hub, "nobody mines, one tip", |state| state.down == [0, 1] && tips(state) == 1).await?;
    // a relay passes payments on once both nodes have joined; the first message shows that
    let Done::Paid(txid) = live.command(Command::Pay { from: 0, to: 1, value: 1_000, fee: 5_000 }).await? else {
        panic!("a payment has an id");
    };
    until(hub, "it waits at node 0", |state| state.nodes[0].mempool.iter().any(|payment| payment.txid == txid)).await?;
    live.command(Command::Start { node: 0 }).await?;
    until(hub, "it is confirmed", |state| state.nodes.iter().all(|node| node.mempool.is_empty())).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_live_network_cannot_do_is_refused() -> Outcome {
    let live =
        Live::start(LiveConfig::new(ChainParams::regtest()).nodes(1).throttle(1).payments_per_second(0.0)).await?;
    for command in [Command::Pause, Command::Step, Command::Speed(2.0), Command::AddNode { hash_rate: 1 }] {
        assert!(matches!(live.command(command.clone()).await, Err(Refusal::Cannot(_))), "{command:?}");
    }
    assert!(matches!(live.command(Command::Stop { node: 1 }).await, Err(Refusal::NoSuchNode { node: 1, nodes: 1 })));
    let rate = Command::Rate { node: 0, hash_rate: 101 };
    assert!(matches!(live.command(rate).await, Err(Refusal::Unfit(_))));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_seen_from_sending_to_arrival() -> Outcome {
    let live =
        Live::start(LiveConfig::new(ChainParams::regtest()).nodes(2).throttle(1).payments_per_second(0.0)).await?;
    let mut viewer = live.hub().join(None);
    let seen = async {
        let (mut sent, mut arrived) = (None, false);
        while !arrived {
            let Next::Event(line) = viewer.next().await else { continue };
            let event: serde_json::Value = serde_json::from_str(&line.json).unwrap_or_default();
            if event["type"] == "sent" && event["tag"] == "CBLK" {
                sent = event["message"].as_u64();
            }
            arrived = event["type"] == "arrived" && sent.is_some() && event["message"].as_u64() == sent;
        }
    };
    timeout(Duration::from_secs(60), seen).await?;
    Ok(())
}
