//! Statuses: when a node announces its chain, and to whom.
//!
//! A node announces a new tip only on connections where it has seen neither its block nor its status. It waits for a
//! random time first, in which another node may announce it. Without that, a thousand nodes would cause a million
//! deliveries per tip.

use std::{collections::BTreeSet, fmt::Display};

use toycoin_core::{BlockHash, chain::Chain, store::ChainStore};
use toycoin_wire::node::{NodeMessage, Status};

use crate::{
    limits,
    protocol::{
        QuestionId,
        backlog::Purpose,
        compact,
        durability::Durability,
        lanes::{Lane, LaneKey},
        links::Link,
        net::Net,
        peer_key::PeerKey,
        peers::up_to,
    },
    relay::ConnectionId,
};

/// Plans the announcement of the new tip on connections where it was not seen.
pub(super) fn plan_announcements(net: &mut Net, tip: &BlockHash) {
    let at = net.now.monotonic + up_to(limits::ANNOUNCE_SPREAD, net.random());
    for (_, lane) in net.lanes() {
        lane.announcements.plan(tip, at);
    }
}

/// Sends the announcements that are due. `is_held_back` says whether an own block waits to be published.
pub(super) fn announce<S: ChainStore<Error: Display>>(
    net: &mut Net,
    chain: &mut Chain<S>,
    durability: &mut Durability,
    is_held_back: bool,
) {
    let (now, tip) = (net.now.monotonic, chain.tip().hash);
    let is_due = |(key, lane): (LaneKey, &mut Lane)| lane.announcements.is_due(&tip, is_held_back, now).then_some(key);
    let due: Vec<_> = net.lanes().filter_map(is_due).collect();
    for lane in due {
        send_status(net, chain, durability, lane);
    }
}

/// Gossips the new tip on the meshes where it was not gossiped, such as one that a relay brought. An own block that is
/// held back is gossiped when it is published.
pub(super) fn gossip_tip<S: ChainStore<Error: Display>>(net: &mut Net, chain: &Chain<S>) {
    let tip = chain.tip().hash;
    let lacks_it = |link: &Link| link.is_mesh() && !link.lanes.is_empty() && !link.gossiped.contains(&tip);
    let connections: BTreeSet<_> = net.links.iter().filter(|(_, link)| lacks_it(link)).map(|(at, _)| *at).collect();
    if connections.is_empty() {
        return;
    }
    match chain.block(&tip) {
        Ok(Some(block)) => {
            let message = compact::message(block.block(), net);
            net.gossip(Purpose::Block, &message, |connection| connections.contains(&connection));
            net.was_gossiped(tip, |connection| connections.contains(&connection));
        }
        Ok(None) => {}
        Err(error) => net.halt(&error.to_string()),
    }
}

/// Sends our status on a lane, and plans the next one.
pub(super) fn send_status<S: ChainStore<Error: Display>>(
    net: &mut Net,
    chain: &mut Chain<S>,
    durability: &mut Durability,
    lane: LaneKey,
) {
    if !durability.make_durable(net, chain) {
        return;
    }
    let message = status(net, chain);
    let jitter = up_to(limits::STATUS_INTERVAL, net.random());
    let now = net.now.monotonic;
    let has_no_room = !net.publish(Purpose::Request, lane.to, &message, |other| other == lane.connection).is_empty();
    if let Some(lane) = net.lane(lane) {
        if has_no_room {
            lane.announcements.had_no_room(now + limits::ANNOUNCE_SPREAD);
        } else {
            lane.announcements.sent(chain.tip().hash, now + limits::STATUS_INTERVAL / 2 + jitter);
        }
    }
}

/// Sends our status to a peer that is behind, or to a new one that is level. The probability makes about eight of all
/// that can tell it more do so, and each connection has a rate limit of a few answers per second.
///
/// Clients that came, asked and left are not among these. If all peers counted, a node that is alone with such clients
/// would hardly answer the next one.
pub(super) fn answer_status<S: ChainStore>(net: &mut Net, chain: &Chain<S>, peer: PeerKey) {
    let now = net.now.monotonic;
    let chance = net.random();
    // first, since counting takes long where many have come: a flood of statuses is not counted for
    if !net.lane_of(&peer).is_some_and(|lane| lane.announcements.may_answer(now)) {
        return;
    }
    let wiser = net.peers.wiser_than(&peer, chain.tip().work) as u64 + 1;
    if chance % wiser < limits::STATUS_ANSWERS {
        net.send_to(peer, &status(net, chain));
    } else if let Some(lane) = net.lane_of(&peer) {
        lane.announcements.did_not_answer();
    }
}

/// Answers a mesh peer's status with ours, always. It is charged to the peers' budget.
pub(super) fn give_status<S: ChainStore>(net: &mut Net, chain: &Chain<S>, peer: PeerKey, question: Option<QuestionId>) {
    let now = net.now.monotonic;
    if let Some(link) = net.links.get_mut(&peer.0) {
        link.budget.charge(limits::LOOKUP_TOKENS, now);
    }
    if let Some(known) = net.peers.get_mut(&peer) {
        known.recent_use.add(limits::LOOKUP_TOKENS, now);
    }
    let message = status(net, chain);
    net.answer(peer, question, &message);
}

/// Records that a block was published, except on the connections that had no room for it. There its tip is announced,
/// so that peers can request it.
pub(super) fn published(net: &mut Net, hash: BlockHash, had_no_room: &[ConnectionId]) {
    let now = net.now.monotonic;
    net.was_gossiped(hash, |_| true);
    // a peer of a mesh is told unless it shows the block itself, since gossip may pass it by
    if net.links.values().any(Link::is_mesh) {
        let at = now + up_to(limits::ANNOUNCE_SPREAD, net.random());
        for (_, lane) in net.lanes().filter(|(key, _)| key.to.is_some()) {
            lane.announcements.plan(&hash, at);
        }
    }
    for (key, lane) in net.lanes().filter(|(key, _)| key.to.is_none()) {
        if had_no_room.contains(&key.connection) {
            lane.announcements.announce_at(now);
        } else {
            lane.announcements.saw(hash);
        }
    }
}

fn status<S: ChainStore>(net: &Net, chain: &Chain<S>) -> NodeMessage {
    let tip = chain.tip();
    NodeMessage::Status(Status {
        genesis: chain.params().genesis_hash(),
        tip: tip.hash,
        height: tip.height,
        work: tip.work.to_be_bytes(),
        time: net.now.unix_ms,
    })
}
