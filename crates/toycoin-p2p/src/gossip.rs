//! How new transactions and blocks spread: the configuration of gossipsub, and the scores of neighbours.

use std::time::Duration;

use libp2p::gossipsub::{
    Behaviour, Config, ConfigBuilder, IdentTopic, MaxCountSubscriptionFilter, Message, MessageAuthenticity, MessageId,
    PeerScoreParams, PeerScoreThresholds, TopicHash, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
};
use toycoin_wire::Tag;

use crate::{
    ask,
    limits::{
        GOSSIP_OVERHEAD, GOSSIP_SCORE_MEMORY, MAX_GOSSIP, MAX_GOSSIP_CONTROL, MAX_GOSSIP_IDS, MAX_GOSSIP_MESSAGES,
        MAX_GOSSIP_QUEUE, MAX_GOSSIP_RPC,
    },
    names::{NetworkNames, message_id},
};

/// Gossipsub, which takes subscriptions to the two topics and no others.
pub(crate) type Gossip = Behaviour<libp2p::gossipsub::IdentityTransform, Filter>;

pub(crate) type Filter = MaxCountSubscriptionFilter<WhitelistSubscriptionFilter>;

/// The two topics.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    pub(crate) transactions: TopicHash,
    pub(crate) blocks: TopicHash,
}

impl Topics {
    pub(crate) fn new(names: &NetworkNames) -> Self {
        let [transactions, blocks] = topics(names).map(|topic| topic.hash());
        Self { transactions, blocks }
    }

    /// Returns the topic of a payload; `None` if nobody gossips it.
    pub(crate) fn of(&self, payload: &[u8]) -> Option<&TopicHash> {
        match ask::tag(payload)? {
            _ if payload.len() > MAX_GOSSIP => None,
            Tag::TXN => Some(&self.transactions),
            Tag::BLOC | Tag::CBLK => Some(&self.blocks),
            Tag::HDRS if payload.len() == LONE_HEADER => Some(&self.blocks),
            _ => None,
        }
    }
}

/// Returns gossipsub, subscribed to both topics. Each message waits for its judgement.
pub(crate) fn gossip(names: &NetworkNames) -> Result<Gossip, String> {
    gossip_with(names, config(names, true)?, true)
}

/// Returns gossipsub with another configuration, for tests that misbehave.
pub(crate) fn gossip_with(names: &NetworkNames, config: Config, scored: bool) -> Result<Gossip, String> {
    let topics = topics(names);
    let filter = MaxCountSubscriptionFilter {
        filter: WhitelistSubscriptionFilter(topics.iter().map(IdentTopic::hash).collect()),
        max_subscribed_topics: topics.len(),
        max_subscriptions_per_request: MAX_SUBSCRIPTIONS,
    };
    let mut gossip = Behaviour::new_with_subscription_filter(MessageAuthenticity::Anonymous, config, filter)?;
    if scored {
        gossip.with_peer_score(score_params(&topics), score_thresholds())?;
    }
    for topic in &topics {
        gossip.subscribe(topic).map_err(|error| error.to_string())?;
    }
    Ok(gossip)
}

/// Returns the configuration. The names and numbers are those of docs/p2p.md.
pub(crate) fn config(names: &NetworkNames, judged: bool) -> Result<Config, String> {
    let mut config = ConfigBuilder::default();
    config
        // StrictNoSign: a message has no author
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(|message: &Message| MessageId::from(message_id(message.topic.as_str(), &message.data).to_vec()))
        .max_transmit_size(MAX_GOSSIP_RPC)
        .max_control_message_size(MAX_GOSSIP_CONTROL)
        .max_control_messages_sent(MAX_GOSSIP_IDS)
        .max_publish_messages(MAX_GOSSIP_MESSAGES)
        .connection_handler_queue_len(MAX_GOSSIP_QUEUE)
        .mesh_n(6)
        .mesh_n_low(5)
        .mesh_n_high(12)
        .mesh_outbound_min(2)
        .heartbeat_initial_delay(HEARTBEAT)
        .heartbeat_interval(HEARTBEAT)
        // The heartbeat shifts the history, so a message is kept for 6 to 7 heartbeats: at least 4.2 s, longer than its
        // judgement may take.
        .history_length(HISTORY)
        .duplicate_cache_time(Duration::from_secs(120))
        .flood_publish(true)
        .idontwant_message_size_threshold(1_000);
    for topic in topics(names) {
        // the library counts the whole protobuf message
        config.max_transmit_size_for_topic(MAX_GOSSIP + GOSSIP_OVERHEAD, topic.hash());
    }
    if judged {
        config.validate_messages();
    }
    config.build().map_err(|error| error.to_string())
}

fn topics(names: &NetworkNames) -> [IdentTopic; 2] {
    [names.transactions(), names.blocks()].map(IdentTopic::new)
}

/// Returns how neighbours gain and lose score.
fn score_params(topics: &[IdentTopic]) -> PeerScoreParams {
    let topic = TopicScoreParams {
        topic_weight: 1.0,
        // +0.01 for each second in the mesh, at most 3
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        // +0.1 for each first delivery, at most 10
        first_message_deliveries_weight: 0.1,
        first_message_deliveries_decay: 0.99,
        first_message_deliveries_cap: 100.0,
        // nobody must deliver anything: a quiet network is no fault
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        // -25 for the first reject. The library squares their count: two reject cost 100.
        invalid_message_deliveries_weight: -25.0,
        // 0.999 a heartbeat: the library applies it once a second
        invalid_message_deliveries_decay: 0.998_57,
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: topics.iter().map(|name| (name.hash(), topic.clone())).collect(),
        // what the carrier says of a muted peer counts as it is
        app_specific_weight: 1.0,
        // The gate lets no more than 8 of an address in, and spares loopback and private ones. The library could spare
        // single addresses alone.
        ip_colocation_factor_weight: 0.0,
        // -0.2 for each message above 10 that a slow neighbour made us drop
        slow_peer_weight: -0.2,
        slow_peer_threshold: 10.0,
        // the library's hour would be memory that any stranger can fill
        retain_score: GOSSIP_SCORE_MEMORY,
        // a loaded neighbour breaks a few promises to send what it announced
        behaviour_penalty_threshold: 6.0,
        ..PeerScoreParams::default()
    }
}

fn score_thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        gossip_threshold: -10.0,
        publish_threshold: -50.0,
        graylist_threshold: -80.0,
        // there is no peer exchange
        accept_px_threshold: 10.0,
        opportunistic_graft_threshold: 2.0,
    }
}

/// The application's score of a peer that is muted or has not joined, far below every threshold.
pub(crate) const MUTED_SCORE: f64 = -1_000.0;

/// Time between two heartbeats of gossipsub.
const HEARTBEAT: Duration = Duration::from_millis(700);

/// Heartbeats for which a message is kept, the one under way included.
const HISTORY: usize = 7;

/// Most subscriptions of an RPC; a neighbour has two.
const MAX_SUBSCRIPTIONS: usize = 100;

/// Bytes of a payload `HDRS` with one header: tag, count, and 128 bytes.
pub(crate) const LONE_HEADER: usize = 4 + 8 + 128;

#[cfg(test)]
mod tests {
    use toycoin_core::ChainParams;
    use toycoin_wire::node::NodeMessage;

    use super::*;
    use crate::limits::JUDGE_TIMEOUT;

    fn names() -> NetworkNames {
        NetworkNames::new(ChainParams::regtest().genesis_hash())
    }

    #[test]
    fn only_new_things_have_a_topic() {
        let topics = Topics::new(&names());
        assert_eq!(topics.of(b"TXN x"), Some(&topics.transactions));
        assert_eq!(topics.of(b"BLOCx"), Some(&topics.blocks));
        assert_eq!(topics.of(b"CBLKx"), Some(&topics.blocks));
        for payload in [&b"STATx"[..], b"GBLKx", b"GBTXx", b"BTXSx", b"ADDRx", b"HDRSx", b"XXXXx", b"TX"] {
            assert_eq!(topics.of(payload), None, "{payload:?}");
        }
        for tag in [b"BLOC", b"CBLK"] {
            let mut large = tag.to_vec();
            large.resize(MAX_GOSSIP, 0);
            assert!(topics.of(&large).is_some());
            large.push(0);
            assert!(topics.of(&large).is_none());
        }
    }

    #[test]
    fn exactly_one_header_has_a_topic() {
        let topics = Topics::new(&names());
        let header = ChainParams::regtest().genesis().header;
        let headers = |count| NodeMessage::Headers(vec![header; count]).encode().unwrap();
        assert_eq!(headers(1).len(), LONE_HEADER);
        assert_eq!(topics.of(&headers(1)), Some(&topics.blocks));
        assert_eq!(topics.of(&headers(0)), None);
        assert_eq!(topics.of(&headers(2)), None);
    }

    #[test]
    fn message_is_kept_until_its_judgement() {
        let kept = u32::try_from(config(&names(), true).unwrap().history_length() - 1).unwrap() * HEARTBEAT;
        assert!(kept > JUDGE_TIMEOUT, "{kept:?}");
    }

    #[test]
    fn rejects_fade_by_a_thousandth_each_heartbeat() {
        let params = score_params(&topics(&names()));
        let topic = params.topics.values().next().unwrap();
        let heartbeats = params.decay_interval.div_duration_f64(HEARTBEAT);
        assert!((topic.invalid_message_deliveries_decay - 0.999_f64.powf(heartbeats)).abs() < 1e-5);
    }

    #[test]
    fn score_of_a_peer_that_is_gone_is_forgotten_soon() {
        // any stranger can come and go, and each is remembered
        assert!(score_params(&topics(&names())).retain_score <= Duration::from_secs(60));
    }

    #[test]
    fn largest_payload_fits_its_topic() {
        let config = config(&names(), true).unwrap();
        let topics = Topics::new(&names());
        for topic in [&topics.transactions, &topics.blocks] {
            // the library adds the topic and at most 2 fields of 6 bytes each
            assert!(MAX_GOSSIP + topic.as_str().len() + 12 <= config.max_transmit_size_for_topic(topic));
        }
        assert!(gossip(&names()).is_ok());
    }
}
