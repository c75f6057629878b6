//! The servers, and those that are muted.

use std::collections::BTreeMap;

use toycoin_wire::machine::Monotonic;

use super::{io::Server, kind::Kind, known::Known};
use crate::limits;

/// All servers, and those that are muted.
#[derive(Debug, Default)]
pub(super) struct Servers {
    known: BTreeMap<Server, Known>,
    muted: BTreeMap<Server, Monotonic>,
}

impl Servers {
    /// Notes that a server was heard. Returns whether it is heard at all: a muted one is not.
    pub(super) fn hear(&mut self, server: Server, now: Monotonic) -> bool {
        if self.is_muted(&server, now) {
            return false;
        }
        if !self.known.contains_key(&server) && self.known.len() >= limits::SERVERS && !self.make_room(now) {
            return false;
        }
        self.known.entry(server).or_insert_with(|| Known::new(now)).hear(now);
        true
    }

    /// Forgets a server: one of the connection that has most, so that no relay pushes out those of another.
    fn make_room(&mut self, now: Monotonic) -> bool {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for server in self.known.keys() {
            *counts.entry(server.connection).or_default() += 1;
        }
        let idle = self.known.iter().filter(|(_, known)| known.is_idle(now));
        let least = idle.min_by_key(|(server, known)| {
            (std::cmp::Reverse(counts.get(&server.connection).copied()), known.worth(), **server)
        });
        let Some(least) = least.map(|(server, _)| *server) else { return false };
        self.known.remove(&least).is_some()
    }

    /// Forgets a server that is gone. What it was asked fails.
    pub(super) fn forget(&mut self, server: &Server) -> Vec<Kind> {
        self.known.remove(server).map(|known| known.asked().map(|(kind, _)| kind).collect()).unwrap_or_default()
    }

    /// Returns the servers on a connection.
    pub(super) fn on(&self, connection: u64) -> Vec<Server> {
        self.known.keys().filter(|server| server.connection == connection).copied().collect()
    }

    /// Mutes a server, and forgets it.
    pub(super) fn mute(&mut self, server: Server, now: Monotonic) {
        self.known.remove(&server);
        self.muted.retain(|_, until| *until > now);
        while self.muted.len() >= limits::SERVERS {
            let Some(first) = self.muted.iter().min_by_key(|(_, until)| **until).map(|(at, _)| *at) else { break };
            self.muted.remove(&first);
        }
        self.muted.insert(server, now + limits::MUTE);
    }

    pub(super) fn is_muted(&self, server: &Server, now: Monotonic) -> bool {
        self.muted.get(server).is_some_and(|until| *until > now)
    }

    pub(super) fn get(&self, server: &Server) -> Option<&Known> {
        self.known.get(server)
    }

    pub(super) fn get_mut(&mut self, server: &Server) -> Option<&mut Known> {
        self.known.get_mut(server)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Server, &Known)> {
        self.known.iter()
    }

    /// Notes a question, or that a part of its answer came: then it has its time again.
    pub(super) fn ask(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            known.ask(kind, now);
        }
    }

    /// Notes an answer. Returns false unless there was such a question, so that what nobody asked for is ignored.
    ///
    /// An answer alone earns nothing: [`was_useful`](Self::was_useful) says that it was right.
    pub(super) fn answered(&mut self, server: &Server, kind: Kind) -> bool {
        let Some(known) = self.known.get_mut(server) else { return false };
        let was_asked = known.answered(kind);
        // each of these is judged when it comes
        if was_asked && matches!(kind, Kind::Manifest | Kind::Chunks) {
            known.was_useful(kind);
        }
        was_asked
    }

    /// Notes an answer that comes after its time, if one was expected.
    pub(super) fn answered_late(&mut self, server: &Server, kind: Kind) {
        if let Some(known) = self.known.get_mut(server) {
            known.answered_late(kind);
        }
    }

    /// Notes that a server's answer to a question of a kind was right and of use.
    pub(super) fn was_useful(&mut self, server: &Server, kind: Kind) {
        if let Some(known) = self.known.get_mut(server) {
            known.was_useful(kind);
        }
    }

    /// Notes that a server did not answer in time. It may do so later.
    pub(super) fn is_late(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        self.failed(server, kind, now);
        if let Some(known) = self.known.get_mut(server) {
            known.is_late(kind, now);
        }
    }

    /// Notes that a server did not answer, or not with what was asked. It is asked nothing of that kind for a time.
    pub(super) fn failed(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            known.answered(kind);
            known.was_useless(kind, now);
        }
    }

    /// Notes that an earlier answer of a server turned out to be of no use. What it is asked now goes on.
    pub(super) fn was_useless(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            known.was_useless(kind, now);
        }
    }

    /// Notes that a server answered for another tip. It may be one block behind, so it is asked again soon.
    pub(super) fn is_elsewhere(&mut self, server: &Server, kind: Kind, now: Monotonic) {
        if let Some(known) = self.known.get_mut(server) {
            known.answered(kind);
            known.rest(kind, now);
        }
    }

    /// Returns the questions whose time is over.
    pub(super) fn overdue(&self, now: Monotonic) -> Vec<(Server, Kind)> {
        let questions = self.known.iter().flat_map(|(server, known)| known.asked().map(move |asked| (*server, asked)));
        let late = questions.filter(|(_, (kind, at))| now >= *at + kind.patience());
        late.map(|(server, (kind, _))| (server, kind)).collect()
    }

    /// Returns the questions of a kind that wait for an answer, and since when the latest does.
    pub(super) fn waiting(&self, kind: Kind) -> (usize, Option<Monotonic>) {
        let asked = self.known.values().flat_map(Known::asked);
        let times: Vec<_> = asked.filter(|(asked, _)| *asked == kind).map(|(_, at)| at).collect();
        (times.len(), times.into_iter().max())
    }

    /// Returns the servers that may be asked a question of a kind. A server proves one thing at a time, and nothing
    /// while a late answer of that kind may come.
    pub(super) fn free(&self, kind: Kind, now: Monotonic) -> impl Iterator<Item = (&Server, &Known)> {
        let is_free = move |known: &Known| [kind, kind.like()].iter().all(|kind| !known.is_busy(*kind, now));
        self.known.iter().filter(move |(_, known)| known.is_rested(kind, now) && is_free(known))
    }

    /// Returns whether a server is known and has rested from its last failure at a kind of question.
    pub(super) fn is_rested(&self, server: &Server, kind: Kind, now: Monotonic) -> bool {
        self.known.get(server).is_some_and(|known| known.is_rested(kind, now))
    }

    /// Returns whether a server has a question of a kind, or did not answer one in time.
    pub(super) fn may_answer(&self, server: &Server, kind: Kind, now: Monotonic) -> bool {
        self.known.get(server).is_some_and(|known| known.is_busy(kind, now))
    }

    /// Returns whether a server has a question of a kind.
    pub(super) fn is_asked(&self, server: &Server, kind: Kind) -> bool {
        self.known.get(server).is_some_and(|known| known.is_asked(kind))
    }

    /// Returns when something changes by itself: a question is over, or a server has rested.
    pub(super) fn next_timeout(&self, now: Monotonic) -> Option<Monotonic> {
        let times = self.known.values().flat_map(|known| {
            let overdue = known.asked().map(|(kind, at)| at + kind.patience());
            overdue.chain(known.timeouts().filter(move |at| *at > now))
        });
        times.min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_wire::NodeId;

    use super::*;

    const NOW: Monotonic = Monotonic::ORIGIN;

    fn server(connection: u64, name: u16) -> Server {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&name.to_be_bytes());
        Server { connection, peer: NodeId::new(id) }
    }

    /// All places taken: one server on connection 2, heard first, and the others on connection 1.
    fn full() -> Servers {
        let mut servers = Servers::default();
        assert!(servers.hear(server(2, 0), NOW));
        for name in 1..u16::try_from(limits::SERVERS).unwrap() {
            assert!(servers.hear(server(1, name), NOW + Duration::from_secs(1)));
        }
        servers
    }

    #[test]
    fn a_relay_that_invents_servers_pushes_out_its_own() {
        let mut servers = full();
        servers.was_useful(&server(1, 1), Kind::Blocks);
        for name in 1_000..2_000 {
            assert!(servers.hear(server(1, name), NOW + Duration::from_secs(2)));
        }
        assert_eq!(servers.iter().count(), limits::SERVERS);
        assert!(servers.get(&server(2, 0)).is_some(), "it is on another connection");
        assert!(servers.get(&server(1, 1)).is_some(), "it was of use");
    }

    #[test]
    fn who_may_answer_yet_keeps_its_place() {
        let mut servers = full();
        for name in 1..u16::try_from(limits::SERVERS).unwrap() {
            servers.ask(&server(1, name), Kind::Tip, NOW);
            servers.is_late(&server(1, name), Kind::Tip, NOW);
        }
        servers.ask(&server(2, 0), Kind::Filters, NOW);
        assert!(!servers.hear(server(1, 1_000), NOW + Duration::from_secs(2)), "there is no room");
        assert!(servers.hear(server(1, 1_000), NOW + limits::LATE + limits::PATIENCE), "nothing late comes any more");
        assert!(servers.get(&server(2, 0)).is_some());
    }

    #[test]
    fn failures_at_one_kind_of_question_are_no_failures_at_another() {
        let mut servers = Servers::default();
        servers.hear(server(1, 1), NOW);
        servers.failed(&server(1, 1), Kind::Filters, NOW);
        servers.failed(&server(1, 1), Kind::Filters, NOW);
        let free = |servers: &Servers, kind| servers.free(kind, NOW + limits::FIRST_REST).count();
        assert_eq!([Kind::Filters, Kind::Blocks, Kind::Tip].map(|kind| free(&servers, kind)), [0, 1, 1]);
        servers.was_useful(&server(1, 1), Kind::Filters);
        assert_eq!(free(&servers, Kind::Filters), 1);
    }
}
