import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  COMPACT_FAULTS, asert, bitsApart, compactOf, digitsOf, meets, rarity, targetOf, workOf,
} from '../web/target.js';
import { core } from './vectors.mjs';

test("compact targets read as the node's vectors say", () => {
  for (const { bits, target, error, work, canonical } of core.compact) {
    const read = targetOf(Number(bits));
    if (error) {
      assert.equal(COMPACT_FAULTS[read.fault], error, bits);
    } else {
      assert.equal(digitsOf(read.target), target, bits);
      assert.equal(workOf(read.target).toString(), work, bits);
      assert.equal(compactOf(read.target) === Number(bits), canonical, bits);
    }
  }
});

test("targets round down to the vectors' compact form", () => {
  for (const { bits, target, work } of core.targets) {
    assert.equal(compactOf(BigInt(`0x${target}`)), Number(bits));
    assert.equal(workOf(BigInt(`0x${target}`)).toString(), work);
  }
});

test('difficulty adjusts to the bit as the vectors say', () => {
  for (const vector of core.asert) {
    const [anchor, limit] = [vector.anchor, vector.limit].map((bits) => targetOf(Number(bits)).target);
    const [elapsed, intervals, spacing, halfLife] =
      [vector.elapsed_ms, vector.intervals, vector.spacing_ms, vector.half_life_ms].map(BigInt);
    assert.equal(asert(anchor, elapsed, intervals, spacing, halfLife, limit), Number(vector.bits));
  }
});

test('a hash equal to its target meets it, one more does not', () => {
  const { target } = targetOf(0x1e010000);
  assert.ok(meets(digitsOf(target), target));
  assert.ok(!meets(digitsOf(target + 1n), target));
  assert.ok(meets('00'.repeat(32), target));
});

test('rarity counts halvings', () => {
  assert.equal(rarity(1n << 255n), 1);
  assert.equal(rarity(1n << 232n), 24);
  assert.equal(rarity(0n), 256, 'zero counts as one');
  assert.equal(rarity(1n), 256);
  assert.ok(Math.abs(rarity((1n << 256n) - 1n)) < 1e-9);
  assert.ok(Math.abs(rarity(3n << 200n) - (56 - Math.log2(3))) < 1e-9);
});

test('differing bits are counted', () => {
  assert.equal(bitsApart('00'.repeat(32), `ff${'00'.repeat(30)}01`), 9);
});
