//! Whoever stands at a node's place: the node's machine, a wrapper that tampers with one, or any machine at all.

use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Input, NodeMachine, Output},
};

use crate::store::CrashStore;

/// A machine at a node's place in the network.
pub trait Participant {
    /// Takes an input.
    fn handle(&mut self, now: Now, input: Input<'_>);
    /// Returns the next output.
    fn poll_output(&mut self) -> Option<Output>;
    /// Returns when it wants to be woken.
    fn next_timeout(&self) -> Option<Monotonic>;
    /// Returns the node's machine inside, if there is one.
    fn node(&self) -> Option<&NodeMachine<CrashStore>> {
        None
    }
    /// Ends it and gives its store back, if it has one.
    fn into_store(self: Box<Self>) -> Option<CrashStore> {
        None
    }
}

impl Participant for NodeMachine<CrashStore> {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        Machine::handle(self, now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        Machine::poll_output(self)
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        Machine::next_timeout(self)
    }

    fn node(&self) -> Option<&NodeMachine<CrashStore>> {
        Some(self)
    }

    fn into_store(self: Box<Self>) -> Option<CrashStore> {
        Some(self.into_chain().into_store())
    }
}

/// Any machine with a node's inputs and outputs, as a participant.
#[derive(Debug)]
pub struct Foreign<M>(pub M);

impl<M> Participant for Foreign<M>
where
    M: for<'a> Machine<Input<'a> = Input<'a>, Output = Output>,
{
    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.0.handle(now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.0.poll_output()
    }

    fn next_timeout(&self) -> Option<Monotonic> {
        self.0.next_timeout()
    }
}
