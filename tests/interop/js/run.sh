#!/usr/bin/env bash
# A peer on js-libp2p meets a node: builds the node, fetches the packages, plays the scenes. Installs Node.js if it is
# absent. TOYCOIN_FOREIGN names the node's program, if it is built already. Exit code 0 means that all scenes held; the
# last line says how many.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. .ci/node-js

peer=tests/interop/js
export CARGO_INCREMENTAL=0

need_node
npm_packages "$peer"
if [ -z "${TOYCOIN_FOREIGN:-}" ]; then
    # with the features of the workspace, so that what its tests built is not built again
    cargo build --locked --workspace --example foreign
    TOYCOIN_FOREIGN=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/examples/foreign
fi
node --import "./$peer/polyfill.mjs" "$peer/peer.mjs" "$TOYCOIN_FOREIGN"
