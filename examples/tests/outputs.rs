//! What a program writes is there whole, or an error says that it is not: exports, keys, and what it prints.

#![cfg(unix)]

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use common::{Program, Running, folder, free_address, names, path_of, stranger::Caller};
use toycoin_node::store::{BODIES_FILE, INDEX_FILE};

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

fn node(relay: &str, more: &[&str]) -> Program {
    Program::start("node", &[&["--relay", relay, "--network", "regtest", "--threads", "1"], more].concat())
}

/// Starts a program whose standard output is read up to its first line and then closed.
fn read_one_line_of(name: &str, arguments: &[&str]) -> (Running, String) {
    let mut command = Command::new(path_of(name));
    command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    (Running(child), line)
}

#[test]
fn export_follows_a_check_and_a_reindex() {
    let (_relay, address) = Program::relay();
    let folder = folder("checked export");
    let (data, export) = (folder.join("chain"), folder.join("export"));
    let kept = ["--data", text(&data)];
    node(&address, &[&kept[..], &["--until-height", "5"]].concat()).success();
    let mut exports = Vec::new();
    for work in ["--check", "--reindex"] {
        node(&free_address(), &[&kept[..], &[work, "--export", text(&export)]].concat()).success();
        exports.push(fs::read_to_string(&export).expect("it was exported"));
        fs::remove_file(&export).expect("a file");
    }
    assert!(exports[0].lines().count() >= 7 && exports[0] == exports[1]);
    assert_eq!(names(&folder), ["chain"]);
}

#[test]
fn export_is_whole_although_nobody_reads_what_the_node_says() {
    let (_relay, address) = Program::relay();
    let folder = folder("unread");
    let export = folder.join("export");
    let arguments = ["--relay", &address, "--network", "regtest", "--export", text(&export)];
    let (mut node, _) = read_one_line_of("node", &arguments);
    assert!(node.0.wait().expect("it was started here").success());
    let exported = fs::read_to_string(&export).expect("it was exported");
    assert!(exported.lines().count() >= 2 && exported.ends_with('\n'), "a head and genesis at least");
    assert_eq!(names(&folder), ["export"]);
}

#[test]
fn export_that_fails_is_an_error_and_leaves_the_old_file() {
    let (_relay, address) = Program::relay();
    let error = node(&address, &["--until-height", "2", "--export", "/dev/full"]).failure(1);
    assert!(error.contains("cannot write /dev/full"), "{error}");

    let (mut unread, _) =
        read_one_line_of("node", &["--relay", &address, "--network", "regtest", "--export", "/dev/stdout"]);
    assert_eq!(unread.0.wait().expect("it was started here").code(), Some(1), "the pipe is broken");

    // as on a full disk: no file may be longer than 1 KiB
    let folder = folder("full");
    let export = folder.join("export");
    fs::write(&export, "the old one").expect("a place for files");
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec \"$0\" --relay {address} --network regtest --until-height 9 --export {}",
        text(&export)
    );
    let error = Program::shell("node", &script).failure(1);
    assert!(error.contains("cannot write") && error.contains("export"), "{error}");
    assert_eq!(fs::read_to_string(&export).expect("it is there"), "the old one");
    assert_eq!(names(&folder), ["export"]);
}

#[test]
fn relay_goes_on_when_the_reader_of_its_first_line_has_gone() {
    let (mut relay, line) = read_one_line_of("relay", &["--listen", "127.0.0.1:0"]);
    let address = line.trim_end().rsplit(' ').next().expect("an address");
    node(address, &["--until-height", "2"]).success();
    let id = relay.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("there is kill").success());
    assert_eq!(relay.0.wait().expect("it was started here").code(), Some(0));
}

#[test]
fn relay_goes_on_and_ends_although_nobody_reads_its_lines() {
    let mut command = Command::new(path_of("relay"));
    command.args(["--listen", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut relay = Running(command.spawn().expect("it starts"));
    let mut unread = BufReader::new(relay.0.stdout.take().expect("a pipe"));
    let mut line = String::new();
    unread.read_line(&mut line).expect("a line");
    let address = line.trim_end().rsplit(' ').next().expect("an address");
    let (channel, agent) = ("z".repeat(64), "a program with a long name");
    let mut caller = Caller::join(address, 1, agent);
    // more lines than a pipe holds
    for tag in ["STAT", "TXN ", "BLOC", "GHDR", "HDRS", "GBLK", "NOTF", "GTXN", "RJCT", "more"] {
        (0..110).for_each(|_| caller.publish(&channel, None, tag.as_bytes()));
        caller.settle();
    }
    (0..110).for_each(|_| caller.subscribe(&channel));
    caller.settle();
    node(address, &["--until-height", "2"]).success();
    let id = relay.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("there is kill").success());
    assert_eq!(relay.0.wait().expect("it was started here").code(), Some(0));
    drop(unread);
}

#[test]
fn reindex_writes_through_symbolic_links() {
    let (_relay, address) = Program::relay();
    let folder = folder("links");
    let (data, elsewhere) = (folder.join("chain"), folder.join("elsewhere"));
    node(&address, &["--data", text(&data), "--until-height", "5"]).success();
    fs::create_dir(&elsewhere).expect("a place for files");
    for file in [INDEX_FILE, BODIES_FILE] {
        fs::rename(data.join(file), elsewhere.join(file)).expect("one file system");
        std::os::unix::fs::symlink(elsewhere.join(file), data.join(file)).expect("a link");
    }
    node(&free_address(), &["--data", text(&data), "--reindex", "--check"]).success();
    assert!([INDEX_FILE, BODIES_FILE].iter().all(|file| data.join(file).is_symlink()));
    assert_eq!(names(&data), [BODIES_FILE, INDEX_FILE]);
    assert_eq!(names(&elsewhere), [BODIES_FILE, INDEX_FILE]);
}
