// The store: what the page shows, as signals, and how it talks to the server.

import { batch, computed, effect, signal } from '@preact/signals';
import { Clock, Tape } from './clock.js';
import { newState } from './state.js';
import { openStream } from './stream.js';
import { Marks } from './marks.js';
import { readRecord } from './record.js';
import { say } from './status.js';
import { readToken, takeTokens, writeToken } from './tokens.js';

const BASE = '/api';
const CALM_MS = 250;
/** More events than this in one frame are a jump, not a movement. */
const MOST_PASSED = 2_000;
const EMPTY = newState('', '', null, { name: '', genesis: '', spacing_ms: 0 });

takeTokens();

/** The state at the moment that is shown. */
export const state = signal(EMPTY);
/** The moment that is shown: `{mode, us, first, last, playing, speed}`, times in microseconds. */
export const clock = signal({ mode: 'live', us: 0, first: 0, last: 0, playing: false, speed: 1 });
/** The newest state, which is the one shown unless the clock is in the past. */
export const newest = signal(EMPTY);
/** What the inspector shows: `{kind, id}`, with kind `block`, `tx` or `node`. */
export const selected = signal(null);
/** The token that lets this page change the network. */
export const token = signal(writeToken());
/** How events come: `live`, `connecting`, `polling` or `record`. */
export const connection = signal('connecting');

export function select(kind, id) {
  selected.value = { kind, id };
}

// --- what follows from the state

export const blocks = computed(() => state.value.blocks);
export const nodes = computed(() => state.value.nodes);
/** Blocks by hash. */
export const byHash = computed(() => new Map(blocks.value.map((block) => [block.hash, block])));

/** Hashes of the children of a block, by its hash. */
export const children = computed(() => {
  const map = new Map();
  for (const { hash, prev } of blocks.value) {
    const known = map.get(prev);
    if (known === undefined) map.set(prev, [hash]);
    else known.push(hash);
  }
  return map;
});

/** Node numbers by the hash of the tip on which they stand. */
export const tips = computed(() => {
  const map = new Map();
  for (const { node, tip } of nodes.value) map.set(tip, [...(map.get(tip) ?? []), node]);
  return map;
});

/** The tip with the most work; of two alike, the one on which more nodes stand. */
export const bestTip = computed(() => {
  const candidates = [...tips.value].map(([hash, on]) => ({ hash, on: on.length, block: byHash.value.get(hash) }));
  const work = ({ block }) => (block === undefined ? 0n : BigInt(`0x${block.work || '0'}`));
  candidates.sort((a, b) => (work(a) === work(b) ? b.on - a.on : work(a) < work(b) ? 1 : -1));
  return candidates[0]?.hash ?? null;
});

/** The height of that tip. While a network is parted, a rival branch may be higher with less work. */
export const height = computed(() => {
  const known = byHash.value.get(bestTip.value)?.height;
  return known ?? Math.max(0, ...nodes.value.map((node) => node.height));
});

/** The standing of each block on a chain that a node follows: `active` or `rival`, by hash. */
const standings = computed(() => {
  const map = new Map();
  const follow = (tip, standing) => {
    for (let block = byHash.value.get(tip); block !== undefined; block = byHash.value.get(block.prev)) {
      if (map.has(block.hash)) return;
      map.set(block.hash, standing);
    }
  };
  follow(bestTip.value, 'active');
  for (const tip of tips.value.keys()) follow(tip, 'rival');
  return map;
});

/** Returns `active`, `rival` (a node stands on its branch) or `stale`. */
export const standingOf = (hash) => standings.value.get(hash) ?? 'stale';
export const isActive = (hash) => standingOf(hash) === 'active';
export const isRival = (hash) => standingOf(hash) === 'rival';
export const isStale = (hash) => standingOf(hash) === 'stale';
/** Returns the numbers of the nodes whose tip a block is. */
export const tipsOf = (hash) => tips.value.get(hash) ?? [];

/** The state, at most four times a second: for what need not move. */
export const calmState = signal(EMPTY);
let calmTimer = 0;
effect(() => {
  const { run } = state.value;
  if (run !== calmState.peek().run) calmState.value = state.peek();
  if (calmTimer !== 0) return;
  calmTimer = setTimeout(() => {
    calmTimer = 0;
    calmState.value = state.peek();
  }, CALM_MS);
});

// --- which moment is shown

let time = new Clock(new Tape(EMPTY), 'live');
let timeMarks = new Marks(EMPTY);
let dirty = false;
/** When the newest event came, in the browser's milliseconds. */
let arrivedAt = 0;
let arrivedUs = 0;
let lastFrame = performance.now();
let shownTape = time.tape;
let shownPosition = 0;
const watchers = new Set();

/** Calls `watcher` with the events that were passed since the last frame, or with `null` after a jump. */
export function watch(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** The tape of what was seen, for those who look ahead or back. */
export const tape = () => time.tape;
/** The position on that tape that is shown. */
export const position = () => time.position;
/** Reorganisations and partitions on that tape. */
export const marks = () => timeMarks;

/** Returns the time that is shown, in microseconds. Unlike `clock`, it moves between two events. */
export function now() {
  if (time.mode !== 'live') return time.us;
  const { speed, paused } = newest.peek().clock;
  return paused ? time.us : Math.max(time.us, arrivedUs + (performance.now() - arrivedAt) * 1_000 * speed);
}

function frame(at) {
  const passed = Math.min(250, at - lastFrame);
  lastFrame = at;
  if (time.tick(passed)) dirty = true;
  if (dirty) show();
  requestAnimationFrame(frame);
}

function show() {
  dirty = false;
  const { tape: seen, position: at } = time;
  batch(() => {
    newest.value = seen.head;
    const shown = time.state;
    if (shown !== state.peek()) state.value = shown;
    const { mode, us, playing, speed } = time;
    clock.value = { mode, us, first: seen.firstUs, last: seen.head.us, playing, speed };
  });
  const passed = passedEvents(seen, at);
  shownTape = seen;
  shownPosition = at;
  if (passed === null || passed.length > 0) for (const watcher of watchers) watcher(passed);
}

function passedEvents(seen, at) {
  const isJump = seen !== shownTape || at < shownPosition || at - shownPosition > MOST_PASSED;
  return isJump ? null : seen.events(at, at - shownPosition);
}

function move(how) {
  how();
  show();
}

export const seek = (us) => move(() => time.seek(us));
export const stepBy = (by) => move(() => time.step(by));
export const play = (speed, until) => move(() => time.play(speed, until));
export const pause = () => move(() => time.pause());
export const live = () => move(() => time.live());

function take(entry) {
  time.push(entry);
  timeMarks.add(entry);
  timeMarks.forget(time.tape.firstUs);
  arrivedAt = performance.now();
  arrivedUs = time.tape.head.us;
  dirty = true;
}

function takeState(next) {
  const { head } = time.tape;
  if (next.run === head.run && next.seq === head.seq) return;
  // events were missed, but what was seen before is still true
  if (next.run === head.run && next.seq > head.seq) return take({ type: 'state', state: next });
  // what was chosen is of another network
  if (next.run !== head.run && head.run !== '') selected.value = null;
  time = new Clock(new Tape(next), 'live');
  timeMarks = new Marks(next);
  arrivedAt = performance.now();
  arrivedUs = next.us;
  dirty = true;
}

/** Shows a record, from its begin. */
function showRecord(text) {
  connection.value = 'record';
  try {
    const read = readRecord(text);
    time = new Clock(read.tape, 'record');
    timeMarks = read.marks;
    dirty = true;
  } catch (error) {
    say(`This record cannot be read: ${error.message}`);
  }
}

/** Plays the record that the server shows. Its clock is this page's own, so it needs the whole of it. */
async function playServed() {
  try {
    const response = await fetch(`${BASE}/v1/record`, { headers: readHeaders(), cache: 'no-store' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    showRecord(await response.text());
  } catch (error) {
    say(`The record cannot be fetched: ${error.message}`);
  }
}

/** Begins: with the record inside this page if there is one, else with the server's stream. */
export function start() {
  const record = document.getElementById('record');
  if (record === null) {
    const stream = openStream({
      base: BASE,
      headers: readHeaders,
      onState: (next) => {
        if (next.stage !== 'record') return takeState(next);
        stream.close();
        playServed();
      },
      onEvent: take,
      onConnection: (value) => { connection.value = value; },
    });
  } else {
    showRecord(record.textContent);
  }
  requestAnimationFrame(frame);
}

// --- requests

/** An answer that is not a success. `status` is 0 if there was no answer. */
export class Failure extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
    this.detail = detail;
  }
}

function readHeaders() {
  const read = readToken() ?? token.peek();
  return read === null ? {} : { Authorization: `Bearer ${read}` };
}

async function request(path, options) {
  if (connection.peek() === 'record') throw new Failure(0, 'this page shows a record: there is no node to ask');
  let response;
  try {
    response = await fetch(BASE + path, options);
  } catch {
    throw new Failure(0, 'the server does not answer');
  }
  const kind = response.headers.get('Content-Type') ?? '';
  const text = await response.text();
  const body = kind.includes('json') && text !== '' ? JSON.parse(text) : text;
  if (!response.ok) throw new Failure(response.status, body.detail ?? `${response.status} ${response.statusText}`);
  return body;
}

/** Returns what the server answers: JSON parsed, text as it is. */
export function api(path) {
  return request(path, { headers: readHeaders() });
}

/** Sends a command. If it is refused, the status line says why. */
export async function post(path, body) {
  try {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token.peek()}` };
    return await request(path, { method: 'POST', headers, body: JSON.stringify(body ?? {}) });
  } catch (failure) {
    if (failure.status === 401) token.value = null;
    say(failure.detail);
    throw failure;
  }
}
