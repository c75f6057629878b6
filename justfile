# The commands that one needs, for https://just.systems. `just` alone lists them.

run := "cargo run --release --example"

[private]
default:
    @just --list --unsorted

# A relay, three mining nodes and payments in one process; ends by itself
network *arguments:
    {{ run }} network -- {{ arguments }}

# The relay, which the other programs need
relay *arguments:
    {{ run }} relay -- {{ arguments }}

# A full node that mines, for example: just node --delay 5000
node *arguments:
    {{ run }} node -- {{ arguments }}

# Payments between the classroom wallets
oracle *arguments:
    {{ run }} oracle -- {{ arguments }}

# What the nodes say to each other
listener *arguments:
    {{ run }} listener -- {{ arguments }}

# A wallet: new, address, balance, pay ADDRESS AMOUNT, history
wallet *arguments:
    {{ run }} wallet -- {{ arguments }}

# Networks under virtual time, for example: just simulate --seeds 500 --faults
simulate *arguments:
    {{ run }} simulate -- {{ arguments }}

# Format and lints, as CI wants them
lint:
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- -D warnings

# All tests, or those whose names contain a word
test *arguments:
    cargo test --locked --workspace {{ arguments }}

# Everything that CI runs
ci:
    bash .ci/run
