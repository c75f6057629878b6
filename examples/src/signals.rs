//! Ctrl-C and SIGTERM: the first asks a program to end in order, the second ends it at once.
//!
//! A thread of their own receives them. So the second one works whatever the program is doing: it may write to a pipe
//! that nobody reads, compact a database or open one. Exit code 130 (SIGINT) or 143 (SIGTERM) says that it was ended. A
//! store on disk is then as after a crash: whole.

use std::{
    io, process,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::{oneshot, watch};

use crate::{output, whole_file};

/// Whether a signal has come.
static SIGNALLED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::channel(false).0);
/// The thread that listens, or the reason why there is none.
static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();

/// Begins to listen. Until then a signal ends the program at once.
///
/// # Errors
/// If the system does not let the program listen.
pub fn listen() -> io::Result<()> {
    let begin = || {
        let (ready, is_ready) = mpsc::sync_channel(1);
        let run = move || {
            let listening = async {
                let mut signals = Signals::new()?;
                // whoever waits for it is still there
                let _ = ready.send(Ok(()));
                loop {
                    let code = signals.next().await;
                    if SIGNALLED.send_replace(true) {
                        whole_file::abandon();
                        process::exit(code);
                    }
                }
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let result: io::Result<()> = runtime.and_then(|runtime| runtime.block_on(listening));
            let _ = ready.send(result);
        };
        let listening = thread::Builder::new().name("signals".into()).spawn(run);
        listening.and_then(|_| is_ready.recv().unwrap_or(Ok(()))).map_err(|error| error.to_string())
    };
    LISTENING.get_or_init(begin).clone().map_err(io::Error::other)
}

/// Waits until the program must end: for Ctrl-C, for SIGTERM, or until nobody reads its results any more.
///
/// # Errors
/// If the system does not let the program listen for signals.
pub async fn interrupted() -> io::Result<()> {
    tokio::select! {
        result = signalled() => result,
        () = output::lost() => Ok(()),
    }
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// If the system does not let the program listen for them.
pub async fn signalled() -> io::Result<()> {
    listen()?;
    // the sender is never dropped
    let _ = SIGNALLED.subscribe().wait_for(|signalled| *signalled).await;
    Ok(())
}

/// Sets a flag when the program must end, for work on other threads that looks at it.
pub fn stop_when_interrupted(stop: Arc<AtomicBool>) {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if runtime.is_ok_and(|runtime| runtime.block_on(interrupted()).is_ok()) {
            stop.store(true, Ordering::Relaxed);
        }
    });
}

/// Returns whether Ctrl-C or SIGTERM has come.
pub fn is_signalled() -> bool {
    *SIGNALLED.borrow()
}

/// Does work that blocks, on a thread of its own, unless a further signal comes first: `None` then. What was begun is
/// left behind, and ends with the process.
///
/// # Errors
/// If there is no thread for it, or the system does not let the program listen for signals.
pub async fn unless_signalled<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Option<T>> {
    if is_signalled() {
        // the program ends already, and this belongs to its end; a second signal needs no help
        return on_a_thread(work)?.await.map(Some);
    }
    answer(work).await
}

/// Asks a person, on a thread of its own, unless a signal comes first or has come: `None` then.
///
/// # Errors
/// As [`unless_signalled`].
pub async fn answer<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> io::Result<Option<T>> {
    let result = on_a_thread(ask)?;
    tokio::select! {
        result = result => result.map(Some),
        signal = signalled() => signal.map(|()| None),
    }
}

fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<impl Future<Output = io::Result<T>>> {
    let (sender, result) = oneshot::channel();
    thread::Builder::new().name("work".into()).spawn(move || drop(sender.send(work())))?;
    Ok(async { result.await.map_err(|_| io::Error::other("a thread of the program has panicked")) })
}

/// The signals that end a program.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next signal, and returns the exit code of a program that it ends.
    async fn next(&mut self) -> i32 {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
        #[cfg(not(unix))]
        match tokio::signal::ctrl_c().await {
            Ok(()) => 130,
            Err(_) => std::future::pending().await,
        }
    }
}
