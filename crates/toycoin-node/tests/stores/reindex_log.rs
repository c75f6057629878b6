//! What a reindex says of blocks that it does not take over: one line, however many they are.

use std::{
    fmt, fs,
    sync::{Arc, Mutex},
};

use toycoin_core::ChainParams;
use toycoin_node::store::{BODIES_FILE, reindex, unwatched};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::disk::{Directory, mine, open};

/// Collects warnings.
#[derive(Debug, Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

/// The fields of an event, as text.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn one_damaged_block_makes_one_warning() {
    let (params, directory, warnings) = (ChainParams::regtest(), Directory::new(), Warnings::default());
    let mut chain = open(&directory, &params);
    let blocks: Vec<_> = (0..6).map(|_| mine(&mut chain, Vec::new(), 1)).collect();
    chain.sync().unwrap();
    drop(chain);
    let mut bytes = fs::read(directory.file(BODIES_FILE)).unwrap();
    let header = blocks[1].header.to_bytes();
    let at = bytes.windows(header.len()).position(|window| window == header).unwrap();
    bytes[at + 100] ^= 1;
    fs::write(directory.file(BODIES_FILE), bytes).unwrap();

    let rebuild = || reindex(directory.path(), &params, unwatched).unwrap();
    let rebuilt = tracing::subscriber::with_default(warnings.clone(), rebuild);
    assert_eq!((rebuilt.height, rebuilt.blocks, rebuilt.refused), (1, 1, 4));
    let lines = warnings.0.lock().unwrap();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(line.contains("count=4") && line.contains(&blocks[2].hash().to_string()), "{line}");
}
