//! A wallet's file is there whole, or an error says that it is not; what is not read changes no exit code.

#![cfg(unix)]

#[path = "../../tests/common/mod.rs"]
mod common;

use std::path::Path;

use common::{Program, classroom_key, folder, free_address, names, passphrase_file};

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

#[test]
fn key_that_cannot_be_written_leaves_nothing_behind() {
    let (secrets, folder) = (folder("full-keys secrets"), folder("full-keys"));
    let (passphrase, key) = (passphrase_file(&secrets), folder.join("key"));
    let new = ["new", "--wallet", text(&key), "--passphrase-file", &passphrase];
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\"".to_owned() + &new.map(|word| format!(" '{word}'")).concat();
    let error = Program::shell("wallet", &script).failure(1);
    assert!(error.contains("cannot write") && error.contains("key"), "{error}");
    assert_eq!(names(&folder), Vec::<String>::new());
    Program::start("wallet", &new).success();
    assert_eq!(names(&folder), ["key"]);
}

#[test]
fn standard_error_that_is_full_or_gone_changes_no_exit_code() {
    let (_relay, address) = Program::relay();
    let (nowhere, key) = (free_address(), classroom_key(&folder("mute"), 9, "key"));
    for errors in ["2>/dev/full", "2>&-"] {
        let script = format!("exec \"$0\" balance --key {key} --relay {nowhere} {errors}");
        assert_eq!(Program::shell("wallet", &script).end().0, 3, "{errors}");
        let script = format!("exec \"$0\" --relay {address} --network regtest --until-height 5 {errors}");
        assert_eq!(Program::shell("node", &format!("RUST_LOG=trace {script}")).end().0, 0, "{errors}");
    }
}
