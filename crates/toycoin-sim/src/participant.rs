//! Participants: a node's machine, a wrapper that tampers with one, or any other machine.

use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    protocol::{Input, NodeMachine, Output},
};

use crate::{light::LightClient, store::CrashStore};

/// A machine that takes a node's place in the network.
pub trait Participant {
    /// Handles an input.
    fn handle(&mut self, now: Now, input: Input<'_>);
    /// Returns the next output, if there is one.
    fn poll_output(&mut self) -> Option<Output>;
    /// Returns when the machine wants to be woken.
    fn next_timeout(&self) -> Option<Monotonic>;
    /// Returns the node's machine inside, if there is one.
    fn node(&self) -> Option<&NodeMachine<CrashStore>> {
        None
    }
    /// Returns the light client, if it is one.
    fn light(&self) -> Option<&LightClient> {
        None
    }
    /// Ends the participant and returns its store, if it has one.
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

/// Participant made of any machine with a node's inputs and outputs.
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
