import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  FIELDS, HEADER_BYTES, fieldAt, fieldNamed, headerBytes, hexOf, parseField, readField, readHeader, withField,
} from '../web/header.js';
import { brokenRules } from '../web/judge.js';
import { targetOf } from '../web/target.js';
import { blake3 } from './blake3.mjs';
import { core } from './vectors.mjs';

const hashOf = (bytes) => hexOf(blake3(bytes));
const genesis = core.genesis.find(({ network }) => network === 'lab');
const mined = core.chain[1];
const REGTEST_LIMIT = targetOf(0x207fffff).target;

test('fields cover all bytes without gap or overlap', () => {
  let next = 0;
  for (const { at, size } of FIELDS) {
    assert.equal(at, next);
    next = at + size;
  }
  assert.equal(next, HEADER_BYTES);
  assert.equal(fieldAt(63).name, 'merkle_root');
  assert.equal(fieldAt(64).name, 'version');
  assert.equal(fieldAt(128), undefined);
});

test("headers hash and read as the node's vectors say", () => {
  const blocks = [...core.chain, ...core.genesis].map(({ header_bytes: bytes, hash, block: { header } }) => (
    { bytes, hash, header }));
  const all = [...core.headers, ...blocks];
  assert.equal(all.length, 2 + 6 + 3);
  for (const { bytes: hex, hash, header } of all) {
    const bytes = headerBytes(hex);
    assert.equal(hashOf(bytes), hash);
    for (const field of FIELDS) {
      // a double does not hold all numbers of 8 bytes, and JSON gives doubles
      const value = readField(bytes, field);
      assert.equal(field.kind === 'hash' ? value : Number(value), header[field.name], field.name);
    }
  }
  assert.equal(genesis.hash, 'a06468d5a0692c7dc884c746f1701e010170ba13e1713391047c614a0b4ffd75');
});

test('a changed field changes its bytes alone', () => {
  const bytes = headerBytes(mined.header_bytes);
  for (const field of FIELDS) {
    const value = field.kind === 'hash' ? '5a'.repeat(32) : readField(bytes, field) + 258n;
    const changed = withField(bytes, field, value);
    assert.equal(readField(changed, field), value);
    for (const other of FIELDS.filter(({ name }) => name !== field.name)) {
      assert.equal(readField(changed, other), readField(bytes, other));
    }
    assert.notEqual(hashOf(changed), mined.hash);
  }
  assert.equal(hashOf(bytes), mined.hash, 'the original is left as it was');
});

test('typed values are bounded by their field', () => {
  const nonce = fieldNamed('nonce');
  assert.equal(parseField(nonce, ' 1,000 '), 1000n);
  assert.equal(parseField(nonce, '0xff'), 255n);
  assert.equal(parseField(nonce, '18446744073709551615'), (1n << 64n) - 1n);
  for (const text of ['', '-1', '1.5', '18446744073709551616', '0x10000000000000000', '9'.repeat(1000), 'one']) {
    assert.throws(() => parseField(nonce, text), RangeError, text);
  }
  assert.throws(() => parseField(fieldNamed('version'), '4294967296'), RangeError);
  assert.throws(() => parseField(fieldNamed('previous'), '00'), RangeError);
  assert.equal(parseField(fieldNamed('previous'), 'AB'.repeat(32)), 'ab'.repeat(32));
});

test('refuses a header of another length', () => {
  assert.throws(() => headerBytes('00'.repeat(127)), RangeError);
  assert.throws(() => headerBytes('zz'.repeat(128)), RangeError);
  assert.throws(() => withField(new Uint8Array(128), fieldNamed('version'), 1n << 32n), RangeError);
});

function judged(name, value) {
  const bytes = headerBytes(mined.header_bytes);
  const changed = name === null ? bytes : withField(bytes, fieldNamed(name), value);
  const parent = core.chain[0].block.header;
  const [header, original] = [readHeader(changed), readHeader(bytes)];
  // regtest's target lets every second hash pass: whether R11 is broken is for the vectors' own hash alone to say
  const hash = name === null ? mined.hash : '00'.repeat(32);
  return brokenRules({ header, original, hash, parent, limit: REGTEST_LIMIT });
}

test('a mined header breaks no rule', () => assert.deepEqual(judged(null), []));

test('each changed field breaks the rules that judge it', () => {
  const parentTime = BigInt(core.chain[0].block.header.time);
  assert.deepEqual(judged('version', 2n), [6]);
  assert.deepEqual(judged('bits', 0x207ffffen), [10]);
  assert.deepEqual(judged('bits', 0x21008001n), [7, 10]);
  assert.deepEqual(judged('bits', 0n), [7, 10, 11], 'no target, so no hash meets it');
  assert.deepEqual(judged('previous', '00'.repeat(32)), [8]);
  assert.deepEqual(judged('height', 3n), [9, 16]);
  assert.deepEqual(judged('time', parentTime), [12]);
  assert.deepEqual(judged('time', parentTime + 1n), []);
  assert.deepEqual(judged('time', 1n << 48n), [13]);
  assert.deepEqual(judged('merkle_root', '00'.repeat(32)), [15]);
  assert.deepEqual(judged('state_root', '00'.repeat(32)), [32]);
});

test('a hash above the target breaks R11', () => {
  const header = readHeader(headerBytes(mined.header_bytes));
  const judge = (hash) => brokenRules({ header, original: header, hash, parent: null, limit: null });
  assert.deepEqual(judge(`80${'00'.repeat(31)}`), [11]);
  assert.deepEqual(judge(`7fffff${'00'.repeat(29)}`), []);
});

test('rules.json lists each rule of the fields', () => {
  const rules = JSON.parse(readFileSync(new URL('../web/rules.json', import.meta.url), 'utf8'));
  assert.deepEqual(rules.map(({ rule }) => rule), Array.from({ length: 33 }, (_, i) => i + 1));
  for (const { rules: numbers } of FIELDS) {
    for (const number of numbers) assert.ok(rules.some(({ rule }) => rule === number));
  }
});
