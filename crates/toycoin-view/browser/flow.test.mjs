import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MOST_BANDS, bandsOf, bandsOfPayment } from '../web/flow-bands.js';

const output = (value) => ({ value, scriptpubkey: 'ab'.repeat(32), scriptpubkey_address: `tlab1${'q'.repeat(52)}` });
const input = (value, vout) => ({ txid: 'cd'.repeat(32), vout, is_coinbase: false, prevout: output(value) });
const total = (bands) => bands.reduce((sum, { value }) => sum + value, 0);

test('both sides of a payment have the same value', () => {
  const tx = { vin: [input(70, 0), input(30, 5)], vout: [output(60), output(38)], fee: 2 };
  const { left, right } = bandsOf(tx, [{ spent: true, txid: 'ef' }, { spent: false }], undefined);
  assert.equal(total(left), 100);
  assert.equal(total(right), 100);
  assert.deepEqual(right.map(({ kind, txid }) => [kind, txid]),
    [['spent', 'ef'], ['unspent', undefined], ['fee', undefined]]);
});

test('a coinbase shows new money and the fees that it collects', () => {
  const tx = { vin: [{ is_coinbase: true, prevout: null }], vout: [output(5_000_000_042)], fee: 0 };
  const bands = (fees) => bandsOf(tx, undefined, fees).left.map(({ kind, value }) => [kind, value]);
  assert.deepEqual(bands(42), [['subsidy', 5_000_000_000], ['fee', 42]]);
  assert.deepEqual(bands(0), [['subsidy', 5_000_000_042]]);
});

test('many coins share the last band', () => {
  const vin = Array.from({ length: 100 }, (_, vout) => input(1, vout));
  const { left } = bandsOf({ vin, vout: [output(99)], fee: 1 }, undefined, undefined);
  assert.equal(left.length, MOST_BANDS);
  assert.equal(total(left), 100);
  assert.equal(left.at(-1).text, '89 more coins');
});

test('an event tells the sum of what a payment spends', () => {
  const payment = { spends: ['cd:3'], pays: [['ab'.repeat(32), 60], ['ef'.repeat(32), 38]], fee: 2 };
  const one = bandsOfPayment(payment);
  assert.deepEqual(one.left.map(({ value, txid, text }) => [value, txid, text]), [[100, 'cd', 'output 3 of']]);
  assert.equal(total(one.right), 100);
  assert.deepEqual(one.right.map(({ kind }) => kind), ['coin', 'coin', 'fee'], 'whether they are spent is not told');
  const two = bandsOfPayment({ ...payment, spends: ['cd:3', 'cd:4'] });
  assert.deepEqual(two.left.map(({ value, txid }) => [value, txid]), [[100, undefined]]);
});

test('a payment with unlisted outputs has no known sum', () => {
  const pays = Array.from({ length: 64 }, () => ['ab'.repeat(32), 1]);
  assert.equal(bandsOfPayment({ spends: ['cd:3'], pays, fee: 2 }), null);
});
