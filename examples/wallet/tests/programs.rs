//! A wallet as a person uses it, on regtest so that blocks come quickly.

#[path = "../../tests/common/mod.rs"]
mod common;

use common::{Program, folder, passphrase_file};

/// A node on regtest, with more arguments.
fn node(relay: &str, more: &[&str]) -> Program {
    Program::start("node", &[&["--relay", relay, "--network", "regtest"], more].concat())
}

#[test]
fn a_wallet_is_made_earns_pays_and_remembers() {
    let (_relay, address) = Program::relay();
    let folder = folder("wallet");
    let passphrase = passphrase_file(&folder);
    let file = folder.join("wallet.json");
    let file = file.to_str().expect("a name in UTF-8");
    let wallet = |more: &[&str]| {
        let common = ["--wallet", file, "--relay", &address, "--network", "regtest"];
        Program::start("wallet", &[more, &common[..]].concat())
    };
    let unlocked = |more: &[&str]| wallet(&[more, &["--passphrase-file", &passphrase]].concat());
    let made = unlocked(&["new"]).success();
    let own = made.iter().find_map(|line| line.strip_prefix("address  ")).expect("its address").to_owned();
    // the words are shown once, numbered from 1 to 12, and nothing but the address is needed for payments
    assert!(made[0].starts_with(" 1 ") && made[2].contains("12 "), "{made:#?}");
    assert_eq!(wallet(&["address"]).success(), [&*own]);
    assert!(unlocked(&["new"]).failure(1).contains("is there already"));

    // regtest's coins can be spent two blocks later
    let mut miner = node(&address, &["--payout", &own]);
    miner.block(4);
    let elsewhere = "treg1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5qhrx420";
    let said = unlocked(&["pay", elsewhere, "12.5", "--wait", "2"]).success();
    assert!(said.iter().any(|line| line.starts_with("confirmed in block")), "{said:#?}");
    let history = wallet(&["history"]).success();
    assert!(history.iter().any(|line| line.contains("-12.5098") && line.contains("paid")), "{history:#?}");
    assert!(history.iter().any(|line| line.contains("+50.00") && line.contains("mined")), "{history:#?}");
    // what was paid has a fresh address after it
    assert_ne!(wallet(&["address"]).success(), [&*own]);
    let balance = wallet(&["balance"]).success();
    assert!(balance.iter().any(|line| line.contains("toycoins at height")), "{balance:#?}");
    let shown = wallet(&["block", "3"]).success();
    assert!(shown.iter().any(|line| line.starts_with("block 3, ")), "{shown:#?}");
    let hash = shown.iter().find_map(|line| line.strip_prefix("  hash         ")).expect("its hash");
    assert!(wallet(&["block", hash]).success().contains(&format!("  hash         {hash}")));
    let paid = said.iter().find_map(|line| line.strip_prefix("payment ")).expect("its id");
    let shown = wallet(&["tx", paid]).success();
    assert!(shown.iter().any(|line| line.contains("confirmation")), "{shown:#?}");
    assert!(wallet(&["block", "1000000"]).failure(1).contains("the tip is block"));
    assert!(wallet(&["tip"]).success().iter().any(|line| line.starts_with("block ")));
    assert!(wallet(&["peers"]).success().iter().any(|line| line.contains("heard")));
    let poor = wallet(&["pay", elsewhere, "20000000"]).failure(1);
    assert!(poor.contains("are needed with the fee, there are"), "{poor}");
}
