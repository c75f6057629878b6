import assert from 'node:assert/strict';
import { test } from 'node:test';

import { closeBeside, merkleHasher, pathOf, treeOf, treeOfProof } from '../web/merkle-hash.js';
import { blake3 } from './blake3.mjs';
import { core } from './vectors.mjs';

const hasher = merkleHasher(blake3);
const byte = (value) => value.toString(16).padStart(2, '0').repeat(32);
// the vectors' leaf i: 32 bytes i as txid, and 32 bytes 255 - i as wtxid
const leaves = (n) => Array.from({ length: n }, (_, i) => [byte(i), byte(255 - i)]);

test("roots equal the node's for 1 to 9 leaves", () => {
  assert.equal(core.merkle.length, 9);
  for (const { n, root } of core.merkle) assert.equal(hasher.root(n, treeOf(hasher, leaves(n)).hash), root);
});

test("paths equal the node's proofs", () => {
  for (const { n, siblings } of core.merkle) {
    const tree = treeOf(hasher, leaves(n));
    siblings.forEach((expected, index) => {
      const steps = pathOf(tree, index);
      assert.deepEqual(steps.map(({ sibling }) => sibling.hash), expected);
      for (const { node, sibling, side, parent } of steps) {
        const pair = side === 'right' ? [node.hash, sibling.hash] : [sibling.hash, node.hash];
        assert.equal(hasher.node(...pair), parent.hash);
      }
    });
  }
});

test('a proof alone gives the same root and path', () => {
  for (const { n, root, siblings } of core.merkle) {
    siblings.forEach((merkle, pos) => {
      const tree = treeOfProof(hasher, leaves(n)[pos], { pos, n, merkle });
      assert.equal(hasher.root(n, tree.hash), root);
      assert.deepEqual(pathOf(tree, pos).map(({ sibling }) => sibling.hash), merkle);
    });
  }
});

test('refuses a proof of the wrong length or place', () => {
  const { siblings: [merkle] } = core.merkle[4];
  const ids = leaves(5)[0];
  assert.notEqual(treeOfProof(hasher, ids, { pos: 0, n: 5, merkle }), null);
  for (const proof of [
    { pos: 0, n: 5, merkle: merkle.slice(1) },
    { pos: 0, n: 5, merkle: [...merkle, byte(1)] },
    { pos: 5, n: 5, merkle },
    { pos: -1, n: 5, merkle },
    { pos: 0, n: 0, merkle: [] },
    { pos: 0.5, n: 5, merkle },
  ]) assert.equal(treeOfProof(hasher, ids, proof), null);
});

test('a wrong sibling gives another root', () => {
  const { n, root, siblings } = core.merkle[4];
  const tree = treeOfProof(hasher, leaves(n)[2], { pos: 2, n, merkle: [byte(7), ...siblings[2].slice(1)] });
  assert.notEqual(hasher.root(n, tree.hash), root);
});

test('the root of a mined block is in its header', () => {
  for (const { block, transaction_ids: ids } of core.chain) {
    assert.equal(hasher.root(ids.length, treeOf(hasher, ids).hash), block.header.merkle_root);
  }
});

test('closing what is beside the path keeps the path', () => {
  const tree = treeOf(hasher, leaves(9));
  const closed = closeBeside(tree, 4);
  assert.deepEqual(pathOf(closed, 4).map(({ sibling }) => sibling.hash), core.merkle[8].siblings[4]);
  const shown = (node) => (node.left ? 1 + shown(node.left) + shown(node.right) : 1);
  assert.equal(shown(closed), 1 + 2 * core.merkle[8].siblings[4].length);
});
