// Reorganisations: said in words when they happen, and replayed slowly when a class asks what just happened.

import { connection, marks, now, play, seek, state, tape, watch } from './store.js';
import { say } from './status.js';
import { count, nodesInWords } from './words.js';

const GATHER_MS = 400;
const REPLAY_S = 12;
const SLOWEST = 0.02;

let gathered = [];
let timer = 0;

/** Says in the status line which nodes reorganised. Those that do so together are one remark. */
export function announceReorganisations() {
  watch((events) => {
    for (const event of events ?? []) if (event.type === 'tip' && event.left.length > 0) gathered.push(event);
    if (gathered.length === 0 || timer !== 0) return;
    timer = setTimeout(() => {
      timer = 0;
      say(remark(gathered));
      gathered = [];
    }, GATHER_MS);
  });
}

function remark(moves) {
  const left = Math.max(...moves.map((move) => move.left_count ?? move.left.length));
  const nodes = [...new Set(moves.map((move) => move.node))].sort((a, b) => a - b);
  const tips = new Set(state.peek().nodes.map((node) => node.tip)).size;
  const who = nodesInWords(nodes);
  const leave = nodes.length === 1 ? 'leaves' : 'leave';
  const agreed = tips === 1 ? ' All nodes agree.' : '';
  return `Reorganisation: ${who} ${leave} ${count(left, 'block')} for a branch with more work.${agreed}`;
}

/** Replays the last reorganisation before the moment that is shown, from the fork on, in about 12 s. */
export function replayReorganisation() {
  const found = marks().last('reorganisation', now());
  const isRecord = connection.peek() === 'record';
  if (found === undefined) {
    return say(isRecord ? 'This record has no reorganisation.'
      : 'There was no reorganisation since this page was opened.');
  }
  const near = marks().list.filter(({ kind, us }) => kind === found.kind && Math.abs(us - found.us) < 2e6);
  const end = Math.max(...near.map(({ us }) => us));
  const lost = new Set(near.flatMap(({ left }) => left));
  const begin = timeOfFirst(lost, end);
  const margin = Math.max(200_000, (end - begin) * 0.08);
  const from = Math.max(tape().firstUs, begin - margin);
  const until = end + margin;
  seek(from);
  play(Math.max(SLOWEST, (until - from) / 1e6 / REPLAY_S), until);
  return say(`The last reorganisation, slowly.${isRecord ? '' : ' LIVE goes back to the present.'}`);
}

function timeOfFirst(hashes, before) {
  const seen = tape();
  let us = before;
  for (let at = seen.positionAt(before) - 1; at >= seen.first; at -= 1) {
    const entry = seen.entry(at);
    if (entry.type === 'block' && hashes.has(entry.hash)) us = entry.us;
  }
  return us;
}
