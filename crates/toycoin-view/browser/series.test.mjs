import assert from 'node:assert/strict';
import { test } from 'node:test';

import { halfLifeOf, limitOf } from '../web/networks.js';
import { RateHistory } from '../web/rate-history.js';
import { chainOf, chainRate, hashesFor, idealPath, minedSoFar, minersOf, samplesAt } from '../web/series.js';
import { asert, targetOf } from '../web/target.js';

const SIMULATION = { name: 'simulation', spacing_ms: 2_000 };
const GENESIS_BITS = 0x20010000;

/** A chain whose bits are those that the node's arithmetic asks for, and whose blocks take these times. */
function chainWith(gaps) {
  const limit = limitOf(SIMULATION);
  const blocks = [{ hash: 'b0', prev: '', height: 0, time: 1_000, bits: GENESIS_BITS, miner: null, fees: 0 }];
  for (const gap of gaps) {
    const [grandparent, parent] = [blocks.at(-2), blocks.at(-1)];
    const elapsed = parent.height < 2 ? 2_000 : Math.min(parent.time - grandparent.time, 80_000);
    const bits = asert(targetOf(parent.bits).target, BigInt(elapsed), 1n, 2_000n, 40_000n, limit);
    const height = parent.height + 1;
    blocks.push({ hash: `b${height}`, prev: parent.hash, height, time: parent.time + gap, bits, miner: 0, fees: 5 });
  }
  let work = 0n;
  for (const block of blocks) {
    work += BigInt(hashesFor(block.bits));
    block.work = work.toString(16);
  }
  return blocks;
}

test('the ideal path follows the bits but for rounding', () => {
  const gaps = Array.from({ length: 60 }, (_, i) => [150, 900, 2_000, 4_100, 9_000][(i * 7) % 5]);
  const chain = chainWith(gaps);
  const path = idealPath(chain, 2_000, halfLifeOf(SIMULATION), limitOf(SIMULATION));
  assert.equal(path.length, chain.length);
  chain.forEach(({ bits }, index) => {
    const hashes = hashesFor(bits);
    assert.ok(Math.abs(path[index] - hashes) / hashes < 0.02, `block ${index}: ${path[index]} for ${hashes}`);
  });
  assert.ok(path.at(-1) !== path[0], 'the difficulty moved');
});

test('the ideal path stays within half-lives and limit', () => {
  const chain = chainWith([2_000, 2_000, 10_000_000, 2_000, 2_000]);
  const path = idealPath(chain, 2_000, 40_000, limitOf(SIMULATION));
  // a pause of any length counts as two half-lives
  assert.ok(Math.abs(path[4] / path[3] - 2 ** (-78 / 40)) < 1e-9);
  const slow = chainWith(Array.from({ length: 12 }, () => 10_000_000));
  assert.equal(idealPath(slow, 2_000, 40_000, limitOf(SIMULATION)).at(-1), 2, 'the limit asks for two hashes');
});

test('a network of unknown half-life has no path', () => {
  for (const name of ['regtest', 'mine', 'toString']) {
    assert.equal(halfLifeOf({ name, spacing_ms: 2_000 }), null);
  }
  assert.equal(limitOf({ name: 'mine' }), null);
  assert.equal(halfLifeOf({ name: 'lab', spacing_ms: 2_000 }), 40_000);
  assert.equal(halfLifeOf({ name: 'reference', spacing_ms: 60_000 }), 8_640_000);
  assert.equal(idealPath(chainWith([1, 1]), 2_000, null, null), null);
});

test('the chain tells its hash rate by work and time', () => {
  const chain = chainWith([7_200_000, 2_000, 2_000]);
  const rate = chainRate(chain, 2);
  assert.deepEqual(rate.slice(0, 3), [null, null, null], 'genesis is no block that somebody mined');
  assert.equal(rate[3], (hashesFor(chain[2].bits) + hashesFor(chain[3].bits)) / 4);
});

test('a chain is followed down to what is known', () => {
  const chain = chainWith([1, 1, 1]);
  const byHash = new Map(chain.slice(1).map((block) => [block.hash, block]));
  assert.deepEqual(chainOf(byHash, 'b3').map(({ height }) => height), [1, 2, 3]);
  assert.deepEqual(chainOf(byHash, 'unknown'), []);
});

test('miners are credited for the active chain alone', () => {
  const chain = chainWith([1, 1, 1]);
  chain[2].miner = null;
  const stale = { hash: 's', prev: 'b1', height: 2, miner: 3, fees: 9 };
  const miners = minersOf([...chain, stale], chain, 'b0');
  assert.deepEqual(miners, [
    { miner: 0, active: 2, stale: 0, fees: 10 },
    { miner: 3, active: 0, stale: 1, fees: 0 },
    { miner: null, active: 1, stale: 0, fees: 5 },
  ]);
  const paths = minedSoFar(chain, miners, 'b0');
  assert.deepEqual([paths.get(0), paths.get(3), paths.get(null)], [[0, 1, 1, 2], [0, 0, 0, 0], [0, 0, 1, 1]]);
});

/** A tape as clock.js has it, as far as the history reads it. */
function tapeOf(state, entries) {
  return {
    first: 0, last: entries.length, at: () => state, entry: (at) => entries[at],
    usAt: (position) => (position === 0 ? state.us : entries[position - 1].us),
  };
}

test('the history of rates follows events, forward and back', () => {
  const state = { us: 0, nodes: [{ node: 0, hash_rate: 10 }], down: [], blocks: [{ time: 5 }] };
  const tape = tapeOf(state, [
    { type: 'node', us: 1, node: 1, hash_rate: 30 },
    { type: 'rate', us: 2, node: 1, hashes_per_second: 99 },
    { type: 'sent', us: 3 },
    { type: 'network', us: 4, down: [0], groups: [], faults: [] },
    { type: 'block', us: 5, time: 8 },
  ]);
  const history = new RateHistory();
  const all = history.upTo(tape, 5);
  assert.deepEqual(all.map(({ us, time, set, measured }) => [us, time, set, measured]),
    [[0, 5, 10, null], [1, 5, 40, null], [2, 5, 40, 99], [4, 5, 30, 99], [5, 8, 30, 99]]);
  assert.equal(history.upTo(tape, 2).length, 3, 'what comes later is left out');
  assert.deepEqual(history.upTo(tape, 5), all, 'and is there again');
  assert.deepEqual(samplesAt([4, 5, 7, 8], all).map((sample) => sample?.set), [undefined, 30, 30, 30]);
});

test('the history begins anew with another tape', () => {
  const history = new RateHistory();
  const state = (rate) => ({ us: 0, nodes: [{ node: 0, hash_rate: rate }], down: [], blocks: [{ time: 5 }] });
  history.upTo(tapeOf(state(1), []), 0);
  assert.deepEqual(history.upTo(tapeOf(state(2), []), 0).map(({ set }) => set), [2]);
});
