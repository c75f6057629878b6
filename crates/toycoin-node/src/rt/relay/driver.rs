//! The task that owns the relay's machine and every socket.
//!
//! A round looks only at sockets that woke the task. It reads each of them once into one large buffer and hands the
//! read to the machine. Then it writes to every connection that has something to send, as much as its socket takes. So
//! the messages of many reads leave in one write per subscriber, and no message needs an allocation or a wake-up of its
//! own. Connections from one address take turns, because a round reads a bounded number of bytes per address.

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    io, mem,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use tokio::{
    net::TcpListener,
    time::{Sleep, sleep_until},
};

use crate::{
    limits::{ACCEPT_PAUSE, ACCEPTS_A_ROUND, CLOSE_GRACE, RELAY_READ, RELAY_REFUSALS, RELAY_ROUNDS, RELAY_WRITE},
    machine::{Machine, Monotonic, Now},
    relay::{CloseReason, ConnectionId, RelayInput, RelayMachine, RelayOutput, RelayStats},
    rt::relay::{
        RelayStatsReader, events::EventSender, log::RelayLog, ready::ReadyList, socket::Socket, source::source,
        turns::Turns,
    },
};

#[derive(Debug)]
pub(super) struct Driver {
    /// The listening sockets; none once the relay is shutting down.
    listeners: Vec<TcpListener>,
    machine: RelayMachine,
    /// The way to whoever observes the relay.
    events: Option<EventSender>,
    stats: RelayStatsReader,
    sockets: BTreeMap<u64, Socket>,
    /// Lingering sockets with the end of their linger time, ordered by that time.
    lingering: VecDeque<(Instant, u64)>,
    ready: Arc<ReadyList>,
    next_name: u64,
    origin: Instant,
    accept_again: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    /// Sockets that were woken, and those of the present round.
    woken: Vec<u64>,
    names: Vec<u64>,
    /// Sockets that may have more to read in the next round.
    again: Vec<u64>,
    /// Sockets whose source has used its share of the present round. They come first in the next one.
    deferred: Vec<u64>,
    turns: Turns,
    log: RelayLog,
    writable: Vec<u64>,
    input: Box<[u8]>,
}

impl Driver {
    pub(super) fn new(
        listeners: Vec<TcpListener>,
        machine: RelayMachine,
        events: Option<EventSender>,
        stats: RelayStatsReader,
    ) -> Self {
        let origin = Instant::now();
        Self {
            listeners,
            machine,
            events,
            stats,
            sockets: BTreeMap::new(),
            lingering: VecDeque::new(),
            ready: Arc::default(),
            next_name: 0,
            origin,
            accept_again: None,
            alarm: Box::pin(sleep_until(origin.into())),
            woken: Vec::new(),
            names: Vec::new(),
            again: Vec::new(),
            deferred: Vec::new(),
            turns: Turns::default(),
            log: RelayLog::default(),
            writable: Vec::new(),
            input: vec![0; RELAY_READ].into_boxed_slice(),
        }
    }

    pub(super) async fn run(mut self, shutdown: impl Future<Output = ()>) -> RelayStats {
        let mut shutdown = pin!(shutdown);
        let mut last_call = None;
        // rounds are bounded already; tokio's budget would end them between a read and its writes
        tokio::task::unconstrained(poll_fn(|cx| {
            if !self.listeners.is_empty() && shutdown.as_mut().poll(cx).is_ready() {
                tracing::info!(connections = self.sockets.len(), "relay is shutting down");
                self.listeners.clear();
                last_call = Some(Instant::now() + 2 * CLOSE_GRACE);
                self.machine.handle(self.now(), RelayInput::Shutdown);
                self.carry_out();
            }
            self.ready.set_task(cx.waker());
            self.accept(cx);
            for _ in 0..RELAY_ROUNDS {
                self.round();
                if self.again.is_empty() {
                    break;
                }
            }
            self.stats.set(self.machine.stats());
            if self.listeners.is_empty()
                && (self.sockets.is_empty() || last_call.is_some_and(|last| Instant::now() >= last))
            {
                return Poll::Ready(());
            }
            if self.set_alarm(cx, last_call) || !self.again.is_empty() {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        }))
        .await;
        if let Some(events) = self.events.take() {
            events.finish(&mut self.machine);
        }
        self.machine.stats()
    }

    /// Processes once all sockets that were woken or may have more.
    fn round(&mut self) {
        // deferred sockets come first
        let mut names = mem::take(&mut self.names);
        names.append(&mut self.again);
        self.ready.take(&mut self.woken);
        names.append(&mut self.woken);
        self.turns.begin();
        for name in names.drain(..) {
            self.read(name);
            if self.sockets.get(&name).is_some_and(|socket| socket.is_blocked) {
                self.writable.push(name);
            }
        }
        self.names = names;
        self.deferred.append(&mut self.again);
        mem::swap(&mut self.deferred, &mut self.again);
        let now = self.now();
        if self.machine.next_timeout().is_some_and(|time| time <= now.monotonic) {
            self.machine.handle(now, RelayInput::Timeout);
        }
        self.carry_out();
        self.end_lingering();
        self.log.report(now.monotonic);
        self.pass_on_events(now.monotonic);
    }

    fn pass_on_events(&mut self, now: Monotonic) {
        if self.events.as_mut().is_some_and(|events| !events.pass_on(&mut self.machine, now)) {
            self.events = None;
            self.machine.observe(false);
        }
    }

    fn accept(&mut self, cx: &mut Context<'_>) {
        if self.accept_again.is_some_and(|time| time > Instant::now()) {
            return;
        }
        self.accept_again = None;
        // the machine no longer counts the lingering sockets
        let room = self.machine.capacity() + 2 * RELAY_REFUSALS;
        // listeners in a row on which nobody waits
        let mut idle = 0;
        for turn in 0..ACCEPTS_A_ROUND {
            if idle == self.listeners.len() || self.sockets.len() >= room {
                return;
            }
            idle += 1;
            match self.listeners[turn % self.listeners.len()].poll_accept(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok((stream, address))) => {
                    idle = 0;
                    let name = self.next_name;
                    self.next_name += 1;
                    tracing::debug!(connection = name, %address, "client connects");
                    let connection = ConnectionId(name);
                    let source = source(address.ip(), connection);
                    let socket = Socket::new(stream, name, source, Arc::clone(&self.ready));
                    self.again.push(name);
                    self.sockets.insert(name, socket);
                    self.machine.handle(self.now(), RelayInput::Connected { connection, source });
                }
                Poll::Ready(Err(error)) if is_of_the_client(&error) => idle = 0,
                Poll::Ready(Err(error)) => {
                    // most likely the process has no free file descriptors, and retrying at once would only spin
                    self.log.cannot_accept(&error, self.now().monotonic);
                    self.accept_again = Some(Instant::now() + ACCEPT_PAUSE);
                    return;
                }
            }
        }
        cx.waker().wake_by_ref();
    }

    fn read(&mut self, name: u64) {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(&name) else { return };
        if self.turns.is_over(socket.source) {
            self.deferred.push(name);
            return;
        }
        socket.unlist();
        let connection = ConnectionId(name);
        match socket.read(&mut self.input) {
            Poll::Pending => {}
            Poll::Ready(Ok(count)) if count > 0 => {
                self.turns.took(socket.source, count);
                self.again.push(name);
                if !socket.is_lingering {
                    let bytes = &self.input[..count];
                    self.machine.handle(now, RelayInput::Received { connection, bytes });
                }
            }
            // the stream has ended or failed, so nothing more can be done for this client
            Poll::Ready(_) => {
                self.sockets.remove(&name);
                self.machine.handle(now, RelayInput::Disconnected { connection });
            }
        }
    }

    /// Carries out the machine's outputs until there are none.
    fn carry_out(&mut self) {
        loop {
            while let Some(output) = self.machine.poll_output() {
                match output {
                    RelayOutput::Writable(connection) => self.writable.push(connection.0),
                    RelayOutput::Close { connection, reason } => self.close(connection.0, reason),
                }
            }
            let Some(name) = self.writable.pop() else { return };
            self.write(name);
        }
    }

    /// Writes a connection's waiting bytes, as many as its socket takes.
    fn write(&mut self, name: u64) {
        let now = self.now();
        let connection = ConnectionId(name);
        let Some(socket) = self.sockets.get_mut(&name) else { return };
        if socket.is_lingering {
            return;
        }
        loop {
            socket.is_blocked = true;
            if !socket.is_writable() {
                return;
            }
            let [small, large] = self.machine.next_write(connection, RELAY_WRITE);
            if small.is_empty() && large.is_empty() {
                socket.is_blocked = false;
                return;
            }
            match socket.write(small, large) {
                Poll::Pending => return,
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.machine.handle(now, RelayInput::Written { connection, count });
                }
                Poll::Ready(_) => {
                    self.sockets.remove(&name);
                    self.machine.handle(now, RelayInput::Disconnected { connection });
                    return;
                }
            }
        }
    }

    fn close(&mut self, name: u64, reason: CloseReason) {
        self.log.closes(name, reason, self.now().monotonic);
        let Some(socket) = self.sockets.get_mut(&name) else { return };
        if matches!(reason, CloseReason::ByPeer | CloseReason::Stalled | CloseReason::UnreadMemory) {
            self.sockets.remove(&name);
            return;
        }
        socket.end_writing();
        socket.is_lingering = true;
        self.again.push(name);
        self.lingering.push_back((Instant::now() + CLOSE_GRACE, name));
    }

    fn end_lingering(&mut self) {
        while let Some((until, name)) = self.lingering.front().copied()
            && (until <= Instant::now() || !self.sockets.contains_key(&name))
        {
            self.lingering.pop_front();
            self.sockets.remove(&name);
        }
    }

    /// Sets the alarm to the earliest deadline. Returns whether that deadline has already passed.
    fn set_alarm(&mut self, cx: &mut Context<'_>, last_call: Option<Instant>) -> bool {
        let events = self.events.as_ref().and_then(|events| events.due(&self.machine));
        let timeouts = [self.machine.next_timeout(), self.log.next_report(), events];
        let timeout = timeouts.into_iter().flatten().min().map(|time| self.origin + time.since_origin());
        let linger = self.lingering.front().map(|(until, _)| *until);
        let Some(first) = [timeout, linger, self.accept_again, last_call].into_iter().flatten().min() else {
            return false;
        };
        if self.alarm.deadline() != first.into() {
            self.alarm.as_mut().reset(first.into());
        }
        self.alarm.as_mut().poll(cx).is_ready()
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            monotonic: Monotonic::new(self.origin.elapsed()),
            unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Returns whether an error of `accept` concerns only a client that left early, not the listener.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
