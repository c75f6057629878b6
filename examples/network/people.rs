//! The people: Alice, Bob, Carol and Dave, who hold the classroom's keys and pay each other.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::{self, Display, Formatter},
};

use toycoin_core::{Amount, Block, ChainParams, OutPoint, SecretKey, Transaction, TxOut, Txid};
use toycoin_examples::{
    classroom::{Choices, HUNDREDTH, NAMES},
    look::Look,
    words::price,
};
use toycoin_node::{NodeHandle, PaymentError, Stopped};

/// Fee of every payment.
pub(crate) const FEE: Amount = HUNDREDTH;

/// Most payments that wait for a block at once, made by the people without being asked.
const WAITING: u64 = 3;

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Person {
    Alice,
    Bob,
    Carol,
    Dave,
}

impl Person {
    pub(crate) const ALL: [Self; 4] = [Self::Alice, Self::Bob, Self::Carol, Self::Dave];

    pub(crate) fn key(self) -> SecretKey {
        SecretKey::classroom(self as u32)
    }
}

impl Display for Person {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES[*self as usize])
    }
}

/// Least value of a coin that somebody pays with, in hundredths of a toycoin, without being asked.
const FEWEST_HUNDREDTHS: u64 = 20;

/// Number of coins from which on a payment spends several of them.
const MANY_COINS: usize = 4;

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It waits for a block.
    Waits,
    /// The block at this height holds it.
    Confirmed(u64),
    /// Another payment spent its coin.
    Lost,
}

/// A payment between two people.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) from: Person,
    pub(crate) to: Person,
    pub(crate) amount: Amount,
    pub(crate) standing: Standing,
    /// Whether a reorganisation took it out of a block, and the story has not told yet that it is back in one.
    pub(crate) returned: bool,
    coins: Vec<OutPoint>,
}

impl Payment {
    /// Returns the payment in a few words.
    pub(crate) fn said(&self, look: Look) -> String {
        format!("{} {} {} {}", self.from, look.arrow(), self.to, price(self.amount))
    }
}

/// The people, and the payments that they made.
#[derive(Debug)]
pub(crate) struct People {
    params: ChainParams,
    choices: Choices,
    payments: BTreeMap<Txid, Payment>,
    /// Those who make no payment for now.
    resting: BTreeSet<Person>,
    is_paying: bool,
}

impl People {
    pub(crate) const fn new(params: ChainParams, seed: u64) -> Self {
        let choices = Choices::new(seed);
        Self { params, choices, payments: BTreeMap::new(), resting: BTreeSet::new(), is_paying: true }
    }

    pub(crate) fn payment(&self, txid: &Txid) -> Option<&Payment> {
        self.payments.get(txid)
    }

    /// Returns the height of the block that holds a payment.
    pub(crate) fn confirmed_at(&self, txid: &Txid) -> Option<u64> {
        match self.payments.get(txid)?.standing {
            Standing::Confirmed(height) => Some(height),
            Standing::Waits | Standing::Lost => None,
        }
    }

    /// Returns the number of confirmed payments.
    pub(crate) fn confirmed(&self) -> u64 {
        self.payments.values().filter(|payment| matches!(payment.standing, Standing::Confirmed(_))).count() as u64
    }

    /// Returns whether any payment waits for a block, of one person or of anybody.
    pub(crate) fn is_waiting(&self, of: Option<Person>) -> bool {
        let is_of = |payment: &Payment| of.is_none_or(|person| payment.from == person);
        self.payments.values().any(|payment| payment.standing == Standing::Waits && is_of(payment))
    }

    /// Keeps a person from paying, or lets them pay again.
    pub(crate) fn rest(&mut self, person: Person, rests: bool) {
        if rests {
            self.resting.insert(person);
        } else {
            self.resting.remove(&person);
        }
    }

    /// Ends all payments but those that already wait.
    pub(crate) const fn stop_paying(&mut self) {
        self.is_paying = false;
    }

    /// Returns a person's coins that no waiting payment spends, as a node sees them, the most valuable first.
    pub(crate) async fn coins(&self, person: Person, node: &NodeHandle) -> Result<Vec<(OutPoint, TxOut)>, Stopped> {
        let waiting = self.payments.values().filter(|payment| payment.standing == Standing::Waits);
        let reserved: BTreeSet<OutPoint> = waiting.flat_map(|payment| payment.coins.iter().copied()).collect();
        let coins = node.coins_of(person.key().public_key()).await?;
        let free = coins.into_iter().filter(|(outpoint, _)| !reserved.contains(outpoint));
        let mut free: Vec<_> = free.map(|(outpoint, coin)| (outpoint, coin.output)).collect();
        free.sort_by_key(|(outpoint, coin)| (Reverse(coin.value), *outpoint));
        Ok(free)
    }

    /// Returns a person's most valuable coin that no waiting payment spends, and of `wanted` what it can pay.
    pub(crate) async fn coin(
        &self,
        person: Person,
        wanted: Amount,
        node: &NodeHandle,
    ) -> Result<((OutPoint, TxOut), Amount), Box<dyn Error>> {
        let coin = self.coins(person, node).await?.into_iter().next();
        let coin = coin.ok_or_else(|| format!("{person} has no coin left"))?;
        let amount = wanted.min(coin.1.value.saturating_sub(FEE));
        if amount == Amount::ZERO {
            return Err(format!("{person} has too little money left").into());
        }
        Ok((coin, amount))
    }

    /// Pays with these coins, through one node, and returns the payment's id.
    pub(crate) async fn pay(
        &mut self,
        (from, to): (Person, Person),
        amount: Amount,
        coins: &[(OutPoint, TxOut)],
        node: &NodeHandle,
    ) -> Result<Txid, PaymentError> {
        let (coins, spent): (Vec<OutPoint>, Vec<TxOut>) = coins.iter().copied().unzip();
        let worth: Amount = spent.iter().map(|output| output.value).sum();
        let change = worth.saturating_sub(amount).saturating_sub(FEE);
        let mut outputs = vec![TxOut { value: amount, owner: to.key().public_key() }];
        if change > Amount::ZERO {
            outputs.push(TxOut { value: change, owner: from.key().public_key() });
        }
        let version = Transaction::VERSION;
        let mut payment = Transaction { version, inputs: coins.clone(), outputs, signatures: Vec::new() };
        payment.sign_all(self.params.genesis_hash(), &spent, &from.key());
        let txid = node.submit(payment).await?;
        let standing = Standing::Waits;
        self.payments.insert(txid, Payment { from, to, amount, standing, returned: false, coins });
        Ok(txid)
    }

    /// Lets people pay each other, so that up to three payments wait for the next block.
    pub(crate) async fn pay_each_other(&mut self, node: &NodeHandle) -> Result<(), Box<dyn Error>> {
        if !self.is_paying {
            return Ok(());
        }
        let wanted = 1 + self.choices.below(WAITING);
        for _ in 0..wanted {
            let waiting = self.payments.values().filter(|payment| payment.standing == Standing::Waits).count() as u64;
            let people = Person::ALL.len() as u64;
            let from = self.choices.below(people);
            let to = (from + 1 + self.choices.below(people - 1)) % people;
            let person = |index: u64| Person::ALL[usize::try_from(index).unwrap_or_default() % Person::ALL.len()];
            let (from, to) = (person(from), person(to));
            if waiting >= wanted || self.resting.contains(&from) {
                continue;
            }
            let coins = self.coins(from, node).await?;
            let hundredths = coins.first().map_or(0, |(_, coin)| coin.value.grains() / HUNDREDTH.grains());
            if hundredths < FEWEST_HUNDREDTHS {
                continue;
            }
            let amount = Amount::from_grains((1 + self.choices.below(hundredths / 10)) * HUNDREDTH.grains());
            // a purse with many coins gets rid of small ones
            let few = if coins.len() > MANY_COINS { MANY_COINS } else { 1 };
            let spent: Vec<_> = coins.iter().take(1).chain(coins.iter().rev().take(few - 1)).copied().collect();
            match self.pay((from, to), amount, &spent, node).await {
                // the chain may have moved meanwhile; the next block brings the next payment
                Ok(_) | Err(PaymentError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes notice of a block that entered the active chain, and returns those of its payments that a reorganisation
    /// had taken out of another.
    pub(crate) fn connected(&mut self, block: &Block) -> Vec<Payment> {
        let mut back = Vec::new();
        for transaction in &block.transactions {
            if let Some(payment) = self.payments.get_mut(&transaction.txid()) {
                payment.standing = Standing::Confirmed(block.header.height);
                if std::mem::take(&mut payment.returned) {
                    back.push(payment.clone());
                }
            }
        }
        back
    }

    /// Takes notice of a block that left the active chain.
    pub(crate) fn disconnected(&mut self, block: &Block) {
        for transaction in &block.transactions {
            if let Some(payment) = self.payments.get_mut(&transaction.txid()) {
                payment.standing = Standing::Waits;
            }
        }
    }

    /// Takes notice that the story told of a payment that waits again.
    pub(crate) fn returned(&mut self, txid: &Txid) {
        if let Some(payment) = self.payments.get_mut(txid).filter(|payment| payment.standing == Standing::Waits) {
            payment.returned = true;
        }
    }

    /// Takes notice that another payment spent a payment's coin.
    pub(crate) fn lost(&mut self, txid: &Txid) {
        if let Some(payment) = self.payments.get_mut(txid) {
            payment.standing = Standing::Lost;
        }
    }
}
