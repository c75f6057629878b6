//! The names of a relay's clients, for lines about them.

use std::collections::BTreeMap;

use toycoin_wire::NodeId;

/// Most columns of a name.
pub const NAME: usize = 22;

/// Digits of a node id that are shown.
const ID: usize = 8;

/// Name of a client whose program has none.
const NAMELESS: &str = "client";

/// The clients that are connected, each with what its program calls itself.
///
/// A name is the client's agent in ASCII, escaped and cut. If several clients have the same one, the beginning of the
/// node id follows it. Names prove nothing: a client chooses its agent and its id.
#[derive(Debug)]
pub struct ClientNames {
    agents: BTreeMap<NodeId, String>,
    /// Number of clients with each agent.
    sharing: BTreeMap<String, usize>,
    most: usize,
}

impl ClientNames {
    /// Returns no names; later there are at most `most`.
    pub const fn new(most: usize) -> Self {
        Self { agents: BTreeMap::new(), sharing: BTreeMap::new(), most }
    }

    /// Adds a client.
    pub fn insert(&mut self, id: NodeId, agent: &str) {
        self.remove(&id);
        if self.agents.len() >= self.most {
            // the events that tell of some clients' end are missing; those that are still here are shown by their ids
            *self = Self::new(self.most);
        }
        let agent = ascii(agent, NAME);
        let agent = if agent.is_empty() { NAMELESS.to_owned() } else { agent };
        *self.sharing.entry(agent.clone()).or_default() += 1;
        self.agents.insert(id, agent);
    }

    /// Removes a client.
    pub fn remove(&mut self, id: &NodeId) {
        let Some(agent) = self.agents.remove(id) else { return };
        if let Some(count) = self.sharing.get_mut(&agent) {
            *count -= 1;
            if *count == 0 {
                self.sharing.remove(&agent);
            }
        }
    }

    /// Returns a client's name, at most [`NAME`] columns wide.
    pub fn name(&self, id: &NodeId) -> String {
        match self.agents.get(id) {
            None => short(id),
            Some(agent) if self.sharing.get(agent) == Some(&1) => agent.clone(),
            Some(agent) => format!("{} {}", &agent[..agent.len().min(NAME - 1 - ID)].trim_end(), short(id)),
        }
    }
}

/// Returns the first digits of a node id.
pub fn short(id: &NodeId) -> String {
    id.to_string().chars().take(ID).collect()
}

/// Returns a stranger's text in printable ASCII, at most `most` columns wide. Other characters are escaped, since some
/// of them are wide or join their neighbours. No escape is cut.
fn ascii(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for character in text.trim().chars() {
        let is_plain = character.is_ascii_graphic() || character == ' ';
        let piece = if is_plain { character.to_string() } else { character.escape_default().to_string() };
        if shown.len() + piece.len() > most {
            break;
        }
        shown.push_str(&piece);
    }
    shown.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> NodeId {
        NodeId::new([number; 16])
    }

    #[test]
    fn a_name_has_the_id_while_others_have_the_same_agent() {
        let mut names = ClientNames::new(10);
        names.insert(id(1), "toycoin/0.1.0");
        names.insert(id(2), "node 1");
        assert_eq!([names.name(&id(1)), names.name(&id(2))], ["toycoin/0.1.0", "node 1"]);
        names.insert(id(3), "toycoin/0.1.0");
        assert_eq!(
            [names.name(&id(1)), names.name(&id(3)), names.name(&id(4))],
            ["toycoin/0.1.0 01010101", "toycoin/0.1.0 03030303", "04040404"]
        );
        names.remove(&id(1));
        assert_eq!([names.name(&id(1)), names.name(&id(3))], ["01010101", "toycoin/0.1.0"]);
    }

    #[test]
    fn a_name_is_short_and_ascii_whatever_a_stranger_wrote() {
        let mut names = ClientNames::new(10);
        let agents = ["", "  \n", "\x1b[2J\r\nerror: forged", "\u{202e}\u{4e2d}\u{301}", &"W".repeat(64)];
        for (number, agent) in (1..).zip(agents) {
            names.insert(id(number), agent);
            names.insert(id(number + 100), agent);
            for known in [number, number + 100] {
                let name = names.name(&id(known));
                assert!(name.len() <= NAME && name.ends_with(&short(&id(known))), "{name}");
                assert!(name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{name:?}");
            }
        }
        assert_eq!(names.name(&id(1)), "client 01010101");
    }

    #[test]
    fn names_are_bounded_and_forget_nobody_twice() {
        let mut names = ClientNames::new(3);
        for number in 0..100 {
            names.insert(id(number), "node");
            names.insert(id(number), "node");
            assert!(names.agents.len() <= 3 && names.sharing.values().sum::<usize>() == names.agents.len());
        }
        names.remove(&id(99));
        names.remove(&id(99));
        assert_eq!(names.name(&id(99)), short(&id(99)));
    }
}
