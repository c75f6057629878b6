//! What goes wrong when a wallet starts: one line that says what to do, exit 1; bad arguments exit 2; nobody reached 3.

#[path = "../../tests/common/mod.rs"]
mod common;

use common::{Program, classroom_key, folder, free_address, passphrase_file};

#[test]
fn a_relay_that_is_not_there() {
    let address = free_address();
    let key = classroom_key(&folder("nowhere"), 9, "key");
    let programs: [(&str, &[&str], i32); 5] = [
        ("node", &[], 1),
        ("listener", &[], 1),
        ("oracle", &[], 3),
        ("wallet", &["tip"], 3),
        ("wallet", &["balance", "--key", &key], 3),
    ];
    for (name, arguments, code) in programs {
        let error = Program::start(name, &[arguments, &["--relay", &address]].concat()).failure(code);
        assert!(error.contains("cannot reach a relay") && error.contains(&address), "{name}: {error}");
    }
}

#[test]
fn a_key_that_is_none() {
    let folder = folder("keys");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    let address = |key: &str| Program::start("wallet", &["address", "--key", key]);
    assert!(address(&path("missing")).failure(1).contains("`wallet new` makes one"));
    let long = "0".repeat(1 << 20);
    let no_key = "neither a wallet nor a secret key of 64 hex digits";
    for (name, text, why) in [
        ("empty", "", no_key),
        ("words", "no key", no_key),
        ("short", &long[..63], no_key),
        ("zero", &long[..64], no_key),
        ("long", &long, "it is longer than"),
        ("object", "{}", "something is wrong at line 1"),
    ] {
        std::fs::write(path(name), text).expect("a place for files");
        let error = address(&path(name)).failure(1);
        assert!(error.contains(&path(name)) && error.contains("not a key file: "), "{name}: {error}");
        assert!(error.contains(why), "{name}: {error}");
    }
}

#[test]
fn file_that_describes_no_network_leaves_nothing_behind() {
    let folder = folder("networks");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    std::fs::write(path("wrong.json"), r#"{ "name": "school", "spacing": 10 }"#).expect("a place for files");
    let (key, passphrase) = (path("key"), passphrase_file(&folder));
    let new = ["new", "--wallet", &key, "--passphrase-file", &passphrase, "--params"];
    for (file, said) in [("missing.json", "missing.json"), ("wrong.json", "field \"spacing\": there is no such field")]
    {
        let file = path(file);
        let error = Program::start("wallet", &[&new[..], &[&file]].concat()).failure(1);
        assert!(error.contains(said), "{error}");
        let error = Program::start("node", &["--params", &file]).failure(1);
        assert!(error.contains(said), "{error}");
    }
    assert!(!std::path::Path::new(&key).exists(), "no key is made for a network that there is not");
}

#[test]
fn own_network_has_its_own_addresses() {
    let folder = folder("own network");
    let path = |name: &str| folder.join(name).to_str().expect("a name in UTF-8").to_owned();
    std::fs::write(path("school.json"), r#"{ "name": "school", "address_prefix": "tschool" }"#).expect("a place");
    let (key, file, passphrase) = (path("key"), path("school.json"), passphrase_file(&folder));
    let new = ["new", "--wallet", &key, "--passphrase-file", &passphrase, "--params", &file];
    let said = Program::start("wallet", &new).success();
    assert!(said.iter().any(|line| line.starts_with("address  tschool1")), "{said:?}");
    // and another network refuses the file
    let error = Program::start("wallet", &["address", "--wallet", &key]).failure(1);
    assert!(error.contains("school") && error.contains("lab"), "{error}");
}

#[test]
fn arguments_that_make_no_sense() {
    let address = "tlab1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5q4qu9qw";
    for arguments in [
        &[][..],
        &["pay", "tlab1nonsense", "1"],
        &["pay", address],
        &["pay", address, "1", "--dry-run", "--yes"],
        &["new", "--words", "13"],
        &["new", "--watch-only", "xpub"],
        &["balance", "--coin", "1"],
    ] {
        let (code, said) = Program::start("wallet", arguments).end();
        assert_eq!(code, 2, "{arguments:?}: {said:#?}");
    }
}

#[test]
fn every_program_explains_itself() {
    let said = Program::start("wallet", &["--help"]).success();
    assert!(said.iter().any(|line| line.starts_with("Usage: ")), "{said:#?}");
}
