//! The state of a mesh, apart from its nodes: connections, and what nodes owe each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use toycoin_node::{
    limits,
    peering::{Endpoint, PeerAddress, Role},
    protocol::{QuestionId, Ticket},
};

use crate::{
    dice::Dice,
    network::{
        Network,
        mesh::{LinkId, MeshSite, Parcel, link::MeshLink, message_cache::MessageId},
    },
};

/// Tolerance above the time in which a node must judge a message.
const SLACK: Duration = Duration::from_secs(1);

/// Longest time in which a node must end an answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// An event of a mesh.
#[derive(Debug)]
pub(crate) enum MeshHappening {
    /// The result of a dial is known.
    Dialled {
        node: usize,
        /// The number of the node's starts when it dialled.
        starts: u64,
        address: PeerAddress,
        role: Role,
    },
    /// A message arrives at one end of a connection.
    Arrives { link: LinkId, side: usize, parcel: Parcel },
    /// A node learns that its question was dropped, since too many are under way on that connection.
    Unasked { link: LinkId, side: usize, question: Rc<[u8]> },
    /// One end of a connection learns that it is over.
    Gone { link: LinkId, side: usize },
    /// A node's peering asked to be woken.
    Wake { node: usize },
}

/// A message that a node must judge.
#[derive(Debug)]
pub(super) struct Judging {
    pub(super) node: usize,
    pub(super) from: usize,
    pub(super) payload: Rc<[u8]>,
    pub(super) id: MessageId,
    pub(super) since: Duration,
}

/// A question that a node must answer.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) asker: usize,
    pub(super) answerer: usize,
    pub(super) link: LinkId,
    /// When it arrived; `None` while it travels.
    pub(super) since: Option<Duration>,
    /// Its payload.
    pub(super) payload: Rc<[u8]>,
    /// Bytes of the answer so far.
    pub(super) bytes: u64,
    /// Messages of the answer so far.
    pub(super) messages: usize,
}

/// Connections of a mesh, and what its nodes owe each other.
#[derive(Debug, Default)]
pub(crate) struct Mesh {
    /// Outbound connections that each node wants; `None` if this network has no mesh.
    pub(crate) degree: Option<usize>,
    pub(super) links: BTreeMap<LinkId, MeshLink>,
    /// The connection of each pair of nodes, the lower node first, until both know that it is over.
    pub(super) pairs: BTreeMap<(usize, usize), LinkId>,
    /// The node that listens at each address.
    pub(super) listeners: BTreeMap<Endpoint, usize>,
    pub(super) tickets: BTreeMap<Ticket, Judging>,
    pub(super) questions: BTreeMap<QuestionId, Question>,
    /// Questions whose asker is gone: they may still be answered, and need not be.
    pub(super) excused: BTreeSet<QuestionId>,
    /// The last number given to a connection, a ticket or a question.
    pub(super) last: u64,
}

impl Mesh {
    /// Returns a mesh without connections; `degree` is `None` if this network has none.
    pub(crate) fn new(degree: Option<usize>) -> Self {
        Self { degree, ..Self::default() }
    }

    /// Returns a number that was not used before.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Returns the connection between two nodes, if either of them believes that there is one.
    pub(super) fn between(&self, one: usize, other: usize) -> Option<LinkId> {
        self.pairs.get(&pair(one, other)).copied()
    }
}

/// Returns two nodes as a key of [`Mesh::pairs`].
pub(super) fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

impl Network {
    /// Gives the node with the next index a place in the mesh, if there is a mesh. Every node but the first knows the
    /// address of one that came before it, drawn or chosen, and the first one knows the second.
    pub(crate) fn place_in_mesh(&mut self, node: usize) {
        if self.mesh.degree.is_none() {
            return;
        }
        // one stream of randomness for each node, so that a node more changes no other
        let mut dice = Dice::new(self.seed, 1_000_000 + node as u64);
        let mut site = MeshSite::draw(&mut dice, self.nodes.len());
        while self.mesh.listeners.contains_key(&site.endpoint) {
            site = MeshSite::draw(&mut dice, self.nodes.len());
        }
        // a light client dials, and nobody dials it
        if !self.nodes[node].is_light() {
            self.mesh.listeners.insert(site.endpoint, node);
        }
        self.owners.insert(site.name, node);
        // nobody listens at a light client's address
        let earlier: Vec<_> = (0..node).filter(|earlier| !self.nodes[*earlier].is_light()).collect();
        let earlier = (!earlier.is_empty()).then(|| earlier[dice.index(earlier.len())]);
        let earlier = self.nodes[node].knows.or(earlier);
        site.bootstrap = earlier.and_then(|earlier| Some(self.nodes.get(earlier)?.mesh.as_ref()?.address()));
        let own = site.address();
        self.nodes[node].mesh = Some(Box::new(site));
        if node == 1
            && !self.nodes[node].is_light()
            && let Some(first) = self.nodes[0].mesh.as_mut()
        {
            first.bootstrap = Some(own);
        }
    }

    /// Processes an event of the mesh.
    pub(crate) fn mesh_step(&mut self, happening: MeshHappening) {
        match happening {
            MeshHappening::Dialled { node, starts, address, role } => self.dialled(node, starts, &address, role),
            MeshHappening::Arrives { link, side, parcel } => self.arrive(link, side, parcel),
            MeshHappening::Unasked { link, side, question } => self.unasked(link, side, &question),
            MeshHappening::Gone { link, side } => self.mesh_gone(link, side),
            MeshHappening::Wake { node } => self.wake_peering(node),
        }
        self.check_debts();
    }

    /// Checks that honest nodes judge what they hear, and end what they answer. Numbers grow with time, so the first
    /// entry is the oldest.
    fn check_debts(&mut self) {
        while let Some((ticket, oldest)) = self.mesh.tickets.first_key_value()
            && oldest.since + limits::TICKET_PATIENCE + SLACK < self.now
        {
            let (ticket, node) = (*ticket, oldest.node);
            self.mesh.tickets.remove(&ticket);
            self.violate_debt(node, "it did not judge a message in time".to_owned());
        }
        while let Some((id, oldest)) = self.mesh.questions.first_key_value()
            && oldest.since.is_some_and(|since| since + ANSWERED_WITHIN < self.now)
        {
            let (id, node) = (*id, oldest.answerer);
            self.mesh.questions.remove(&id);
            self.violate_debt(node, "it did not end its answer to a question in time".to_owned());
        }
    }

    /// Records that an honest node broke its part of the protocol of a mesh.
    pub(super) fn violate_debt(&mut self, node: usize, what: String) {
        if !self.nodes[node].is_adversary() {
            self.violate("debts", Some(node), what);
        }
    }
}
