//! The stage of a relay: its clients, and the messages between them. A relay knows nothing of blocks.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use toycoin_node::relay::RelayEvent;
use toycoin_wire::{Channel, NodeId, Tag, printable};

use crate::{
    event::{Disturbances, Fact, Fate},
    hub::Hub,
    limits::{NODES, TEXT_BYTES},
    reporter::{MessageKey, Messenger},
    stage::{Stage, nodes::random_run},
    state::{NetworkInfo, State},
};

/// Most channels that are remembered for a client.
const CHANNELS: usize = 64;

/// The clients of a relay, as the relay sees them. At most 32 are shown at the same time.
///
/// What happens at the relay is [told](Self::tell) by its owner.
///
/// ```
/// use toycoin_node::{RelayConfig, RelayServer};
/// use toycoin_view::{View, stage::Clients};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?;
/// let (mut events, stats) = (relay.observe(), relay.stats_reader());
/// let clients = Clients::new()?;
/// let view = View::builder(clients.stage()).relay(stats).serve("127.0.0.1:0".parse()?).await?;
/// let telling = tokio::spawn(async move {
///     while let Some(event) = events.next().await {
///         clients.tell(&event);
///     }
/// });
/// # relay.run(async {}).await?;
/// # telling.await?;
/// # view.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Clients {
    hub: Arc<Hub>,
    begun: Instant,
    members: Mutex<Members>,
}

#[derive(Debug)]
struct Members {
    /// The clients by their numbers. The number of one that left goes to the next one that joins.
    places: Vec<Option<Member>>,
    messenger: Messenger,
}

#[derive(Debug)]
struct Member {
    id: NodeId,
    channels: Vec<Channel>,
}

impl Clients {
    /// Returns a relay without clients.
    ///
    /// # Errors
    /// When the system provides no randomness for the id of the run.
    pub fn new() -> io::Result<Self> {
        let network = NetworkInfo { name: "relay".to_owned(), genesis: String::new(), spacing_ms: 0 };
        let hub = Hub::new(State::new(random_run()?, "live", None, network));
        let members = Members { places: Vec::new(), messenger: Messenger::new(Arc::clone(&hub)) };
        Ok(Self { hub, begun: Instant::now(), members: Mutex::new(members) })
    }

    /// Returns the stage to view.
    pub fn stage(&self) -> Stage {
        Stage::from_hub(Arc::clone(&self.hub))
    }

    /// Tells an event of the relay.
    pub fn tell(&self, event: &RelayEvent) {
        let us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.messenger.time_passed(us);
        match event {
            RelayEvent::Joined { node_id, agent, .. } => self.joined(us, &mut members, *node_id, agent),
            RelayEvent::Left { node_id, .. } => {
                if let Some(place) = members.places.iter_mut().find(|place| is(place.as_ref(), node_id)) {
                    *place = None;
                    self.tell_down(us, &members);
                }
            }
            RelayEvent::Subscribed { node_id, channel } => {
                if let Some(member) = members.member(node_id).filter(|member| member.channels.len() < CHANNELS) {
                    member.channels.push(channel.clone());
                }
            }
            RelayEvent::Unsubscribed { node_id, channel } => {
                if let Some(member) = members.member(node_id) {
                    member.channels.retain(|other| other != channel);
                }
            }
            RelayEvent::Published { from, to, channel, tag, size, .. } => {
                members.published(us, from, to.as_ref(), channel, *tag, *size);
            }
            RelayEvent::LeftOut { count } => {
                let text = format!("{count} events at the relay are not shown, because there were too many at once");
                self.hub.tell(us, Fact::Note { text, level: "warning".to_owned() });
            }
            _ => {}
        }
    }

    fn joined(&self, us: u64, members: &mut Members, id: NodeId, agent: &str) {
        let member = Some(Member { id, channels: Vec::new() });
        let node = match members.places.iter().position(Option::is_none) {
            Some(free) => {
                members.places[free] = member;
                free
            }
            None if members.places.len() < NODES => {
                members.places.push(member);
                members.places.len() - 1
            }
            // more than are shown
            None => return,
        };
        let name = printable(agent, TEXT_BYTES);
        self.hub.tell(us, Fact::Node { node, name, hash_rate: 0, tip: String::new(), height: 0 });
        self.tell_down(us, members);
    }

    fn tell_down(&self, us: u64, members: &Members) {
        let down = members.places.iter().enumerate().filter(|(_, place)| place.is_none()).map(|(node, _)| node);
        let disturbances = Disturbances { down: down.collect(), ..Disturbances::default() };
        self.hub.tell(us, Fact::Network(disturbances));
    }
}

impl Members {
    fn member(&mut self, id: &NodeId) -> Option<&mut Member> {
        self.places.iter_mut().flatten().find(|member| member.id == *id)
    }

    fn published(
        &mut self,
        us: u64,
        from: &NodeId,
        to: Option<&NodeId>,
        channel: &Channel,
        tag: Option<Tag>,
        size: usize,
    ) {
        let Some(sender) = self.places.iter().position(|place| is(place.as_ref(), from)) else { return };
        let receives = |(node, place): &(usize, &Option<Member>)| {
            let Some(member) = place else { return false };
            *node != sender && to.is_none_or(|to| *to == member.id) && member.channels.contains(channel)
        };
        let to: Vec<_> = self.places.iter().enumerate().filter(receives).map(|(node, _)| node).collect();
        let tag = tag.map(|tag| printable(&tag.to_string(), TEXT_BYTES)).unwrap_or_default();
        let key = MessageKey { tag, bytes: size as u64, about: None };
        self.messenger.sent(us, sender, to.clone(), key.clone());
        // the relay has put it into their queues, and knows no more
        for to in to {
            self.messenger.arrived(us, sender, to, key.clone(), Fate::Delivered);
        }
    }
}

fn is(place: Option<&Member>, id: &NodeId) -> bool {
    place.is_some_and(|member| member.id == *id)
}

#[cfg(test)]
mod tests {
    use toycoin_node::relay::ConnectionId;

    use super::*;

    fn joined(id: u8, agent: &str) -> RelayEvent {
        let agent = agent.to_owned();
        RelayEvent::Joined { connection: ConnectionId(id.into()), node_id: NodeId::new([id; 16]), agent }
    }

    fn names(clients: &Clients) -> Vec<String> {
        clients.hub.look(|state| state.nodes.iter().map(|node| node.name.clone()).collect())
    }

    #[test]
    fn a_free_number_goes_to_the_next_client() {
        let clients = Clients::new().unwrap();
        clients.tell(&joined(1, "alice"));
        clients.tell(&joined(2, "bob"));
        let left = RelayEvent::Left { connection: ConnectionId(1), node_id: NodeId::new([1; 16]), reason: None };
        clients.tell(&left);
        clients.hub.look(|state| assert_eq!(state.down, [0]));
        clients.tell(&joined(3, "carol\u{1b}[2J"));
        assert_eq!(names(&clients), ["carol\\u{1b}[2J", "bob"]);
        clients.hub.look(|state| assert!(state.down.is_empty()));
    }

    #[test]
    fn a_crowd_of_clients_is_shown_in_part() {
        let clients = Clients::new().unwrap();
        for id in 0..100 {
            clients.tell(&joined(id, "client"));
        }
        assert_eq!(names(&clients).len(), NODES);
    }

    #[test]
    fn a_message_goes_to_the_subscribers_of_its_channel() {
        let clients = Clients::new().unwrap();
        let channel = |name: &str| name.parse::<Channel>().unwrap();
        for (id, on) in [(1, "/topic/main"), (2, "/topic/main"), (3, "/topic/other")] {
            clients.tell(&joined(id, "client"));
            clients.tell(&RelayEvent::Subscribed { node_id: NodeId::new([id; 16]), channel: channel(on) });
        }
        let before = clients.hub.look(|state| state.seq);
        let (from, channel, tag) = (NodeId::new([1; 16]), channel("/topic/main"), Some(Tag::BLOC));
        clients.tell(&RelayEvent::Published { from, to: None, channel, tag, size: 700, receivers: 1 });
        // the sending and one arrival
        clients.hub.look(|state| assert_eq!((state.seq - before, state.messages.len()), (2, 0)));
    }
}
