//! The nodes around a victim: where they are, who is honest, and which addresses they name.

use core::net::{IpAddr, Ipv4Addr};
use std::{collections::BTreeMap, time::Duration};

use toycoin_node::peering::{Endpoint, PeerAddress, PeerId};

use crate::{dice::Dice, eclipse::Eclipse, network::draw_peer_id};

/// Most addresses that one answer names.
const ANSWER: usize = 64;

/// Most addresses of one netgroup of the attacker that an honest node knows well enough to name them.
///
/// They introduce themselves to every honest node, as their own source. The address book of an honest node keeps what
/// sources of one netgroup say of one netgroup in one bucket of 64 places.
const NAMED_OF_A_GROUP: usize = 64;

/// A node around the victim.
#[derive(Debug)]
pub(super) struct Neighbour {
    pub(super) id: PeerId,
    pub(super) endpoint: Endpoint,
    pub(super) is_honest: bool,
    /// Time until which it is down.
    pub(super) down_until: Duration,
}

/// All nodes around the victim: the honest ones first, then the attacker's addresses.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) all: Vec<Neighbour>,
    honest: usize,
    at: BTreeMap<Endpoint, usize>,
    with: BTreeMap<PeerId, usize>,
    groups: usize,
    /// Whether the attacker has appeared.
    pub(super) is_attacked: bool,
}

impl Crowd {
    pub(super) fn draw(attack: &Eclipse, dice: &mut Dice) -> Self {
        let mut crowd = Self {
            all: Vec::new(),
            honest: attack.honest,
            at: BTreeMap::new(),
            with: BTreeMap::new(),
            groups: attack.attacker_groups.max(1),
            is_attacked: false,
        };
        for number in 0..attack.honest {
            crowd.add(20, number % attack.honest_groups.max(1), true, dice);
        }
        for number in 0..attack.attackers {
            crowd.add(130, number % crowd.groups, false, dice);
        }
        crowd
    }

    /// Adds a node with a drawn address in a netgroup.
    fn add(&mut self, first: usize, group: usize, is_honest: bool, dice: &mut Dice) {
        let byte = |number: usize| u8::try_from(number % 256).unwrap_or(0);
        let endpoint = loop {
            let [c, d] = dice.bytes();
            let ip = IpAddr::V4(Ipv4Addr::new(byte(first + group / 256), byte(group), c, d));
            let endpoint = Endpoint { ip, port: 25_001 };
            if !self.at.contains_key(&endpoint) {
                break endpoint;
            }
        };
        let id = draw_peer_id(dice);
        self.at.insert(endpoint, self.all.len());
        self.with.insert(id.clone(), self.all.len());
        self.all.push(Neighbour { id, endpoint, is_honest, down_until: Duration::ZERO });
    }

    pub(super) fn at(&self, endpoint: &Endpoint) -> Option<usize> {
        self.at.get(endpoint).copied()
    }

    pub(super) fn with(&self, id: &PeerId) -> Option<usize> {
        self.with.get(id).copied()
    }

    pub(super) fn address(&self, index: usize) -> PeerAddress {
        let Neighbour { id, endpoint, .. } = &self.all[index];
        PeerAddress { endpoint: *endpoint, peer: Some(id.clone()) }
    }

    /// Returns the numbers of honest addresses and of the attacker's in a peers file.
    pub(super) fn named_in(&self, file: &str) -> (usize, usize) {
        let named = file.lines().filter_map(|line| line.split_whitespace().next()?.parse::<PeerAddress>().ok());
        let named = named.filter_map(|address| self.at(&address.endpoint));
        let (honest, attackers): (Vec<_>, Vec<_>) = named.partition(|index| *index < self.honest);
        (honest.len(), attackers.len())
    }

    /// Returns the addresses that a node names when it is asked.
    ///
    /// The attacker names its own. An honest node has met all honest nodes, and those of the attacker that its address
    /// book has room for.
    pub(super) fn answer(&self, of: usize, dice: &mut Dice) -> Vec<PeerAddress> {
        let attackers = if self.is_attacked { self.all.len() - self.honest } else { 0 };
        let named = match self.all[of].is_honest {
            true => self.honest + attackers.min(self.groups * NAMED_OF_A_GROUP),
            false => attackers,
        };
        let mut chosen: Vec<usize> = Vec::with_capacity(ANSWER);
        for _ in 0..ANSWER.min(named) {
            let number = dice.index(named);
            let index = match self.all[of].is_honest {
                true if number < self.honest => number,
                // each honest node knows others of the attacker's addresses
                true => self.honest + (number + of * NAMED_OF_A_GROUP) % attackers.max(1),
                false => self.honest + number,
            };
            if index != of && !chosen.contains(&index) {
                chosen.push(index);
            }
        }
        chosen.into_iter().map(|index| self.address(index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attackers_name_themselves_and_honest_nodes_name_both() {
        let mut dice = Dice::new(1, 20);
        let mut crowd = Crowd::draw(&Eclipse::new(1), &mut dice);
        assert_eq!(crowd.all.len(), 1_200);
        let honest = |answer: &[PeerAddress], crowd: &Crowd| {
            answer.iter().filter(|address| crowd.at(&address.endpoint).is_some_and(|index| index < 200)).count()
        };
        let answer = crowd.answer(5, &mut dice);
        assert_eq!(honest(&answer, &crowd), answer.len(), "nobody has heard of the attacker yet");
        crowd.is_attacked = true;
        let answer = crowd.answer(5, &mut dice);
        assert!(answer.len() <= ANSWER && (10..40).contains(&honest(&answer, &crowd)), "{}", answer.len());
        let answer = crowd.answer(700, &mut dice);
        assert!(answer.len() > 50 && honest(&answer, &crowd) == 0);
        let text: String = answer.iter().map(|address| format!("{address} 1 0 0\n")).collect();
        assert_eq!(crowd.named_in(&text), (0, answer.len()));
    }
}
