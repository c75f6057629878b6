// The reducer of the page, and its clock. `node --test browser/reducer.test.mjs`
//
// TOYCOIN_VIEW_TRACES=DIR adds runs that the Rust reducer has been through: pairs of NAME.jsonl (a state, then events)
// and NAME.end.json (the state at the end).

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Clock, Tape } from '../web/clock.js';
import { readRecord } from '../web/record.js';
import { apply, LISTED_PAYMENTS, newState, STATE_BLOCKS, STATE_MESSAGES } from '../web/state.js';

const NETWORK = { name: 'lab', genesis: '00', spacing_ms: 2_000 };

function begin() {
  return apply(newState('00000000', 'simulated', 7, NETWORK), node(1, 0));
}

const node = (seq, number, more = {}) =>
  ({ seq, us: 0, type: 'node', node: number, name: `node ${number}`, hash_rate: 10, tip: '00', height: 0, ...more });
const payment = (number) =>
  ({ txid: String(number), fee: 1, size: 100, spends: [], pays: [], parents: [] });
const block = (number) => ({
  hash: `h${number}`, prev: `h${number - 1}`, height: number, miner: 0, extra: '', extra_hex: '', time: 1, bits: 2,
  work: '3', txs: 1, size: 200, fees: 0,
});
const all = (state, events) => events.reduce(apply, state);

/** Freezes what is passed around, so that a reducer that changes it fails. */
function frozen(value) {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

test('a full mempool lists some and counts the rest', () => {
  const numbers = [...Array(LISTED_PAYMENTS + 3).keys()];
  const full = all(begin(), numbers.map((number) => ({ seq: 2, us: 5, type: 'tx', node: 0, ...payment(number) })));
  assert.deepEqual([full.nodes[0].mempool.length, full.nodes[0].unlisted], [LISTED_PAYMENTS, 3]);
  const gone = (number) => ({ seq: 3, us: 6, type: 'gone', node: 0, txid: String(number), why: 'confirmed' });
  const empty = all(full, numbers.map(gone));
  assert.deepEqual(empty.nodes[0].mempool, []);
  assert.equal('unlisted' in empty.nodes[0], false, 'a count of zero is absent');
  assert.deepEqual(apply(empty, gone(1)).nodes, empty.nodes, 'one that is not there changes nothing');
});

test('a message is in flight until its last recipient has it', () => {
  const sent = { seq: 2, us: 5, type: 'sent', message: 17, from: 0, to: [1, 2], tag: 'BLOC', bytes: 9 };
  let state = apply(begin(), sent);
  assert.deepEqual(state.messages, [{ us: 5, message: 17, from: 0, to: [1, 2], tag: 'BLOC', bytes: 9 }]);
  for (const [to, left] of [[1, 1], [1, 1], [3, 1], [2, 0]]) {
    state = apply(state, { seq: 3, us: 6, type: 'arrived', message: 17, to, fate: 'delivered' });
    assert.equal(state.messages.length, left);
  }
});

test('blocks and messages beyond the limit push out the oldest', () => {
  const blocks = [...Array(STATE_BLOCKS + 2).keys()].map((at) => ({ seq: 2, us: 5, type: 'block', ...block(at) }));
  const state = all(begin(), [...blocks, blocks.at(-1)]);
  assert.deepEqual([state.blocks.length, state.blocks[0].hash], [STATE_BLOCKS, 'h2']);
  const sent = (message) => ({ seq: 2, us: 5, type: 'sent', message, from: 0, to: [1], tag: 'BLOC', bytes: 9 });
  const busy = all(begin(), [...Array(STATE_MESSAGES + 1).keys()].map(sent));
  assert.deepEqual([busy.messages.length, busy.messages[0].message], [STATE_MESSAGES, 1]);
});

test('what is unknown is ignored, but numbered', () => {
  const state = begin();
  const events = [
    { type: 'tip', node: 9, hash: 'ff', height: 4, left: [], joined: [], own: false },
    { type: 'arrived', message: 99, to: 1, fate: 'lost' },
    { type: 'tx', node: 9, ...payment(1) },
    { type: 'rate', node: 9, hashes_per_second: 5 },
    { type: 'rejected', node: 0, what: 'block', hash: 'ff', rule: 29, reason: 'x' },
    { type: 'from a later version', groups: [[0]] },
    { type: '__proto__' },
    node(0, 5),
  ];
  events.forEach((event, at) => {
    const after = apply(state, { ...event, seq: 10 + at, us: 7 });
    assert.deepEqual(after, { ...state, seq: 10 + at, us: 7 }, event.type);
  });
  const later = apply(state, { seq: 2, us: 1, type: 'block', ...block(1), miner: null, later: true });
  assert.deepEqual(later.blocks, [{ ...block(1), miner: null }], 'fields of later versions are not kept');
});

test('tips, rates, faults and the clock are as the last event says', () => {
  const state = all(begin(), [
    node(2, 1),
    { seq: 3, us: 1, type: 'rate', node: 1, hashes_per_second: 400 },
    { seq: 4, us: 2, type: 'tip', node: 1, hash: 'ab', height: 3, left: [], joined: ['ab'], own: true },
    node(5, 1, { hash_rate: 25, tip: 'ac', height: 4 }),
    { seq: 6, us: 3, type: 'network', groups: [[0], [1]], down: [1], faults: [{ id: 3, kind: 'SlowLink', node: 1 }] },
    { seq: 7, us: 4, type: 'clock', speed: 4, paused: true },
  ]);
  assert.deepEqual(state.nodes[1],
    { node: 1, name: 'node 1', hash_rate: 25, hashes_per_second: 400, tip: 'ac', height: 4, mempool: [] });
  assert.deepEqual([state.groups, state.down, state.faults, state.clock],
    [[[0], [1]], [1], [{ id: 3, kind: 'SlowLink', node: 1 }], { speed: 4, paused: true }]);
});

test('a state that was given out never changes', () => {
  const events = synthetic(400);
  let state = frozen(begin());
  for (const event of events) state = frozen(apply(state, event));
  assert.equal(state.seq, 401);
});

test('a seek shows what was there, before and after forgetting', () => {
  const events = synthetic(1_000);
  const states = [begin()];
  for (const event of events) states.push(apply(states.at(-1), event));
  const tape = new Tape(states[0], { limit: 300, every: 50 });
  for (const event of events) tape.push(event);
  assert.ok(tape.first >= 650 && tape.last - tape.first >= 300, `${tape.first} to ${tape.last}`);
  for (const at of randoms(100, tape.first, tape.last)) assert.deepEqual(tape.at(at), states[at]);
  assert.deepEqual(tape.at(0), states[tape.first], 'what is forgotten is the first that is held');
});

test('a state amid the events stands for those that were missed', () => {
  const events = synthetic(100);
  const states = [begin()];
  for (const event of events) states.push(apply(states.at(-1), event));
  const tape = new Tape(states[0], { every: 10 });
  for (const event of events.slice(0, 30)) tape.push(event);
  tape.push({ type: 'state', state: states[60] });
  for (const event of events.slice(60)) tape.push(event);
  assert.deepEqual(tape.at(30), states[30]);
  assert.deepEqual(tape.at(31), states[60]);
  assert.deepEqual(tape.head, states[100]);
  assert.equal(tape.events(tape.last, 1_000).length, 70);
});

test('the clock follows, rewinds, plays until an end and goes live', () => {
  const [first, ...rest] = synthetic(100);
  const clock = new Clock(new Tape(begin()), 'live');
  for (const event of [first, ...rest.slice(0, 49)]) clock.push(event);
  assert.deepEqual([clock.mode, clock.position, clock.state.seq], ['live', 50, 51]);
  clock.seek(20_000);
  assert.deepEqual([clock.mode, clock.state.us], ['past', 20_000]);
  clock.push(rest[49]);
  assert.equal(clock.state.us, 20_000, 'what arrives does not move the past');
  clock.play(2, 30_000);
  assert.equal(clock.tick(4), true);
  assert.equal(clock.state.us, 28_000);
  clock.tick(50);
  assert.deepEqual([clock.us, clock.playing], [30_000, false]);
  clock.live();
  assert.deepEqual([clock.mode, clock.state], ['live', clock.tape.head]);
});

test('a record that is none is refused', () => {
  assert.throws(() => readRecord(''), /empty/);
  assert.throws(() => readRecord('{"toycoin_view":2}'), /version 2/);
  assert.throws(() => readRecord('<html>'), SyntaxError);
});

const directory = process.env.TOYCOIN_VIEW_TRACES;
const names = directory === undefined ? [] : readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
if (directory !== undefined) test('there are traces to compare', () => assert.ok(names.length > 0, directory));

for (const name of names) {
  test(`${name} ends as in Rust, also after 100 seeks`, () => {
    const text = readFileSync(join(directory, name), 'utf8');
    const end = JSON.parse(readFileSync(join(directory, name.replace(/\.jsonl$/, '.end.json')), 'utf8'));
    const { tape } = readRecord(text);
    assert.deepEqual(tape.head, end);
    const clock = new Clock(tape, 'record');
    for (const at of randoms(100, tape.first, tape.last)) {
      clock.seek(tape.usAt(at));
      // several events may share a moment: a seek shows the last of them
      assert.deepEqual(clock.state, replayed(text, clock.position), `position ${clock.position}`);
    }
    clock.seek(Infinity);
    assert.deepEqual(clock.state, end);
  });
}

let memory = { text: '', states: [] };

/** The state after so many events of a record, from its begin on, without snapshots. */
function replayed(text, position) {
  if (memory.text !== text) {
    const [state, ...events] = text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
    memory = { text, states: [state], events };
  }
  const { states, events } = memory;
  while (states.length <= position) states.push(apply(states.at(-1), events[states.length - 1]));
  return states[position];
}

/** Events of many kinds, a millisecond apart. */
function synthetic(amount) {
  return Array.from({ length: amount }, (_, at) => {
    const head = { seq: at + 2, us: (at + 1) * 1_000 };
    const kinds = [
      { type: 'block', ...block(at) },
      { type: 'tip', node: 0, hash: `h${at}`, height: at, left: [], joined: [], own: true },
      { type: 'sent', message: at, from: 0, to: [1, 2], tag: 'TXN', bytes: 5, about: 'x' },
      { type: 'arrived', message: at - 1, to: 1, fate: 'delivered' },
      { type: 'arrived', message: at - 2, to: 2, fate: 'delivered' },
      { type: 'tx', node: 0, ...payment(at) },
      { type: 'gone', node: 0, txid: String(at - 1), why: 'confirmed' },
      { type: 'note', text: 'x', level: 'info' },
    ];
    return { ...head, ...kinds[at % kinds.length] };
  });
}

/** Random whole numbers, the same at each run. */
function randoms(amount, from, to) {
  let seed = 7;
  return Array.from({ length: amount }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return from + Math.floor((seed / 2_147_483_648) * (to - from + 1));
  });
}
