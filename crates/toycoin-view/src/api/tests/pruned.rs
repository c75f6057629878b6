//! A node that has deleted its old blocks: what is left of it is shown, and what is missing is named.

use toycoin_core::{ChainParams, SecretKey, chain::Chain, test_util::grow};
use toycoin_node::{ExportError, NodeBuilder, NodeHandle, SinceError};

use super::site::{Site, address, run_test};

const HEIGHT: u64 = 20;
const FIRST: u64 = 15;

async fn pruned_node() -> NodeHandle {
    let params = ChainParams::regtest();
    let mut chain = Chain::in_memory(params.clone());
    grow(&mut chain, HEIGHT, SecretKey::classroom(5).public_key());
    let mut store = chain.into_store();
    store.prune(FIRST);
    NodeBuilder::new(params).store(store).spawn().await.unwrap()
}

#[test]
fn last_blocks_of_a_pruned_node_are_shown() {
    run_test(async {
        let site = Site::of(&pruned_node().await).await;
        assert_eq!(site.text("/api/blocks/tip/height").await, HEIGHT.to_string());
        let hash = site.text(&format!("/api/block-height/{FIRST}")).await;
        assert_eq!(site.json(&format!("/api/block/{hash}")).await["height"], FIRST);
        site.problem(&format!("/api/block-height/{}", FIRST - 1), 404).await;
    });
}

#[test]
fn index_of_a_pruned_node_says_what_it_lacks() {
    run_test(async {
        let site = Site::of(&pruned_node().await).await;
        let problem = site.problem(&format!("/api/address/{}", address(5)), 503).await;
        assert!(problem["detail"].as_str().unwrap().contains("none below height 15"), "{problem}");
    });
}

#[test]
fn handle_of_a_pruned_node_gives_nothing_with_gaps() {
    run_test(async {
        let node = pruned_node().await;
        assert_eq!(node.status().await.unwrap().first_block, FIRST);
        let genesis = node.params().genesis_hash();
        let since = node.blocks_since(genesis).await.unwrap_err();
        assert!(matches!(since, SinceError::UnknownBlock(hash) if hash == genesis), "{since}");
        let mut out = Vec::new();
        let error = node.export(&mut out).await.unwrap_err();
        assert!(matches!(error, ExportError::Incomplete { first: FIRST }) && out.is_empty(), "{error}");
        assert!(node.block_at(0).await.unwrap().is_some() && node.block_at(1).await.unwrap().is_none());
    });
}
