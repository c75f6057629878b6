//! The program `view`, and the pages of node, relay and listener, as processes.
//!
//! A build of the whole workspace has the feature `view`; without it there is nothing to test here.

#![cfg(feature = "view")]

mod common;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use common::{DEADLINE, Program, folder};

/// Gets a path from the page whose link a program printed.
fn get(link: &str, path: &str) -> String {
    let host = link.split("//").nth(1).and_then(|rest| rest.split('/').next()).expect("a link");
    let mut stream = TcpStream::connect(host).expect("it is served");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Gets a path again and again until the answer is as expected.
fn until(link: &str, path: &str, is_so: impl Fn(&str) -> bool) -> String {
    let end = Instant::now() + DEADLINE;
    loop {
        let answer = get(link, path);
        if is_so(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "{path} never answers as expected: {answer}");
        std::thread::yield_now();
    }
}

/// Returns the link in a program's line.
fn link(program: &mut Program) -> String {
    let line = program.line_with("http://");
    line.split_whitespace().last().expect("a link").to_owned()
}

#[test]
fn view_serves_a_page_until_it_is_interrupted() {
    let mut view = Program::start("view", &["--addr", "127.0.0.1:0"]);
    let link = link(&mut view);
    assert!(link.contains("/#token="), "{link}");
    assert!(get(&link, "/").starts_with("HTTP/1.1 200"));
    until(&link, "/api/v1/state", |answer| answer.contains(r#""height":2"#));
    assert!(get(&link, "/api/blocks/tip/height").starts_with("HTTP/1.1 200"));
    view.signal("INT");
    view.success();
}

#[test]
fn two_records_of_one_seed_are_the_same_bytes() {
    let folder = folder("records");
    let record = |name: &str| {
        let file = folder.join(name);
        let path = file.to_str().expect("a name in UTF-8");
        Program::start("view", &["--seed", "9", "--record", path, "--for", "60", "--headless"]).success();
        fs::read(file).expect("a record")
    };
    let (one, other) = (record("a.jsonl"), record("b.jsonl"));
    assert!(one == other && one.len() > 10_000);
    let (record, page) = (folder.join("a.jsonl"), folder.join("page.html"));
    let paths = [&record, &page].map(|path| path.to_str().expect("a name in UTF-8"));
    Program::start("view", &["--replay", paths[0], "--save-page", paths[1], "--headless"]).success();
    let page = fs::read_to_string(&page).expect("a page");
    assert!(page.contains("id=\"record\"") && page.len() > one.len());
    let mut replay = Program::start("view", &["--replay", paths[0], "--addr", "127.0.0.1:0"]);
    let link = link(&mut replay);
    assert!(get(&link, "/api/v1/state").contains(r#""stage":"record""#));
    assert!(get(&link, "/api/v1/record").len() > one.len());
    replay.signal("TERM");
    replay.success();
}

#[test]
fn a_signal_ends_a_record_without_a_page_early() {
    let folder = folder("early-record");
    let (record, page) = (folder.join("record.jsonl"), folder.join("page.html"));
    let paths = [&record, &page].map(|path| path.to_str().expect("a name in UTF-8"));
    let arguments = ["--record", paths[0], "--save-page", paths[1], "--headless", "--for", "86400", "--nodes", "32"];
    let view = Program::start("view", &arguments);
    let end = Instant::now() + DEADLINE;
    while fs::metadata(&record).map_or(0, |file| file.len()) < 10_000 {
        assert!(Instant::now() < end, "nothing is recorded");
        std::thread::yield_now();
    }
    view.signal("INT");
    let said = view.success().join("\n");
    assert!(said.contains("interrupted: what happened until then is recorded in"), "{said}");
    assert!(fs::read_to_string(&record).expect("a record").ends_with("}\n"));
    assert!(fs::read_to_string(&page).expect("a page").contains("id=\"record\""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_on_a_full_disk_says_so_at_once() {
    let arguments = ["--addr", "127.0.0.1:0", "--record", "/dev/full", "--nodes", "16", "--payments", "100"];
    let mut view = Program::start("view", &arguments);
    view.line_with("warning: the record /dev/full ends here: ");
    view.signal("INT");
    let (code, said) = view.end();
    assert!(code == 1 && said.join("\n").contains("cannot write the record /dev/full: "), "{code}: {said:#?}");
}

#[cfg(unix)]
#[test]
fn a_saved_page_goes_into_a_pipe_and_leaves_it_there() {
    use std::os::unix::fs::FileTypeExt as _;

    let folder = folder("page-pipe");
    let (record, pipe, read) = (folder.join("record.jsonl"), folder.join("pipe"), folder.join("read"));
    let path = |path: &std::path::Path| path.to_str().expect("a name in UTF-8").to_owned();
    let (record, pipe, read) = (path(&record), path(&pipe), path(&read));
    let script = format!(
        "mkfifo '{pipe}' && cat '{pipe}' >'{read}' & while [ ! -p '{pipe}' ]; do :; done; \
         \"$0\" --record '{record}' --save-page '{pipe}' --headless --for 5 && wait"
    );
    Program::shell("view", &script).success();
    assert!(fs::metadata(&pipe).expect("a pipe").file_type().is_fifo());
    assert!(fs::read_to_string(&read).expect("a page").contains("id=\"record\""));
}

#[test]
fn a_record_that_is_cut_is_replayed_without_its_last_line() {
    let folder = folder("cut-record");
    let (record, page) = (folder.join("record.jsonl"), folder.join("page.html"));
    let paths = [&record, &page].map(|path| path.to_str().expect("a name in UTF-8"));
    Program::start("view", &["--record", paths[0], "--headless", "--for", "5"]).success();
    let mut text = fs::read_to_string(&record).expect("a record");
    text.truncate(text.len() - 5);
    fs::write(&record, text).expect("a place for files");
    let said = Program::start("view", &["--replay", paths[0], "--save-page", paths[1], "--headless"]).success();
    assert!(said.join("\n").contains("the last line of"), "{said:#?}");
}

#[test]
fn mistakes_in_views_arguments_say_what_to_do() {
    let says = |arguments: &[&str], code: i32, wanted: &str| {
        let (found, said) = Program::start("view", arguments).end();
        let said = said.join("\n");
        assert!(found == code && said.contains(wanted), "{arguments:?} ends with {found}: {said}");
    };
    says(&["--headless"], 2, "add --record FILE or --save-page");
    says(&["--headless", "--record", "x"], 2, "add --for SECONDS");
    says(&["--save-page", "x.html"], 2, "--save-page needs a record");
    says(&["--nodes", "33"], 2, "from 1 to 32");
    says(&["--live", "--seed", "1"], 2, "cannot be used with");
    says(&["--addr", "0.0.0.0:0"], 2, "--allow-host");
    says(&["--allow-host", "a/b"], 2, "is no host");
    says(&["--web", "no such folder"], 2, "no such directory");
    says(&["--headless"], 2, "Usage: view");
    says(&["--replay", "no such file"], 1, "cannot read no such file");
    let folder = folder("mistakes-view");
    let record = folder.join("record.jsonl");
    let path = record.to_str().expect("a name in UTF-8");
    says(&["--addr", "0.0.0.0:0", "--record", path], 2, "--allow-host");
    assert!(!record.exists(), "what is refused leaves no file");
    let winding = folder.join("../mistakes-view/./record.jsonl");
    let winding = winding.to_str().expect("a name in UTF-8");
    says(&["--record", path, "--save-page", winding], 2, "give it another file");
    says(&["--replay", path, "--save-page", path, "--headless"], 2, "give it another file");
    let file = folder.join("no-record");
    fs::write(&file, "hello\n").expect("a place for files");
    says(&["--replay", file.to_str().expect("a name in UTF-8")], 1, "make one with --record FILE");
    let mut first = Program::start("view", &["--addr", "127.0.0.1:0"]);
    let link = link(&mut first);
    let taken = link.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
    says(&["--addr", &taken], 1, &taken);
    first.signal("INT");
    first.success();
}

#[test]
fn a_node_shows_its_chain_in_a_page() {
    let (relay, address) = Program::relay();
    let arguments = ["--relay", &address, "--network", "regtest", "--throttle", "1", "--threads", "1"];
    let mut node = Program::start("node", &[&arguments[..], &["--view", "127.0.0.1:0"]].concat());
    let link = link(&mut node);
    until(&link, "/api/blocks/tip/height", |answer| answer.ends_with(char::is_numeric) && !answer.ends_with("\n0"));
    until(&link, "/ready", |answer| answer.starts_with("HTTP/1.1 200"));
    let metrics = get(&link, "/metrics");
    assert!(metrics.contains("\ntoycoin_chain_height "), "{metrics}");
    until(&link, "/api/v1/state", |answer| answer.contains(r#""miner":0"#));
    node.signal("INT");
    node.success();
    relay.signal("INT");
    relay.success();
}

#[test]
fn a_relay_and_a_listener_show_whom_they_hear() {
    let mut relay = Program::start("relay", &["--listen", "127.0.0.1:0", "--view", "127.0.0.1:0", "--quiet"]);
    let line = relay.line_with("listening on");
    let address = line.rsplit(' ').next().expect("an address").to_owned();
    let relay_link = link(&mut relay);
    let mut listener =
        Program::start("listener", &["--relay", &address, "--network", "regtest", "--view", "127.0.0.1:0"]);
    let listener_link = link(&mut listener);
    let arguments = ["--relay", &address, "--network", "regtest", "--throttle", "1", "--threads", "1", "--name", "ann"];
    let node = Program::start("node", &arguments);
    until(&relay_link, "/api/v1/state", |answer| answer.contains(r#""name":"ann""#));
    until(&relay_link, "/metrics", |answer| answer.contains("toycoin_relay_connections 2"));
    until(&listener_link, "/api/v1/state", |answer| answer.contains(r#""height":2"#));
    for program in [node, listener, relay] {
        program.signal("INT");
        program.success();
    }
}

#[test]
fn help_of_view_fits_80_columns() {
    for arguments in [["--help"], ["-h"]] {
        let said = Program::start("view", &arguments).success();
        let long: Vec<_> = said.iter().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty() && said.len() > 10, "{long:#?}");
    }
}
