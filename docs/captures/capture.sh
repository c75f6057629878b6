#!/usr/bin/env bash
# Writes what each program shows on terminals of 80 and of 120 columns: docs/captures/COLUMNS/PROGRAM.txt.
#
#     cargo build --release --examples && bash docs/captures/capture.sh
#
# It takes about four minutes. It needs `script` (util-linux) for a terminal, and python3 to render what a terminal
# would show in the end.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
programs=$PWD/target/release/examples
here=$PWD/docs/captures
folder=$(mktemp -d)
address=127.0.0.1:25999
export TERM=xterm LANG=C.UTF-8 NO_COLOR=1 COLUMNS=
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
(umask 077 && echo "a passphrase for a capture" >passphrase)

# capture NAME PROGRAM [ARGUMENT]...: appends the command, and the first 60 lines that it shows, to NAME.txt; Ctrl-C ends
# it after $seconds
capture() {
  local name=$1 command=("${@:2}")
  local shown="cargo run --release --example ${command[0]} --" part
  for part in "${command[@]:1}"; do
    case $part in --relay | --listen | "$address") ;; *' '*) shown+=" \"$part\"" ;; *) shown+=" $part" ;; esac
  done
  local run
  run=$(printf '%q ' timeout -s INT "${seconds:-60}" "$programs/${command[0]}" "${command[@]:1}")
  script -qec "stty cols $columns rows 24; $run" "$folder/$name.raw" >/dev/null </dev/null || true
  { echo "\$ ${shown% --}"; python3 "$here/render.py" "$columns" <"$folder/$name.raw" | sed 60q; echo; } >>"$here/$columns/$name.txt"
}

for columns in 80 120; do
  mkdir -p "$here/$columns"
  rm -f "$here/$columns"/*.txt
  seconds=100 capture network network --acts 1,2 --blocks 10 --payments 4
  rm -f wallet.json*
  seconds=20 capture wallet wallet new --passphrase-file passphrase
  payout=$("$programs/wallet" address)
  seconds=75 capture relay relay --listen "$address" &
  relay=$!
  until (exec 3<>"/dev/tcp/${address%:*}/${address#*:}") 2>/dev/null; do sleep 0.1; done
  seconds=70 capture node node --relay "$address" --name "node 1" --payout "$payout" &
  timeout -s INT 72 "$programs/node" --relay "$address" --name "node 2" >/dev/null &
  capture oracle oracle --relay "$address" --payments 3
  capture listener listener --relay "$address" --count 12
  capture listener listener --relay "$address" --verbose --count 1
  capture wallet wallet balance --relay "$address"
  capture wallet wallet pay --relay "$address" --passphrase-file passphrase --yes tlab1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5q4qu9qw 2.5
  for command in history tip "block 1" mempool peers "balance --light" "tip --light"; do
    # shellcheck disable=SC2086 # words of a command
    capture wallet wallet $command --relay "$address"
  done
  wait $relay
  seconds=60 capture light light
  capture simulate simulate --seeds 20 --nodes 5 --faults --seconds 30
  wait
done
