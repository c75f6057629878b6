// The Merkle tree over a block's transactions: hashes, tree and path. No drawing.
//
// The shape is that of RFC 6962: the left subtree holds the largest power of two below n leaves, nothing is
// duplicated, and the root hashes n too. Hashes are hex digits.

import { bytesOf, hexOf } from './header.js';

const TAG = 'toycoin/1 ';

/**
 * Returns the three hashes of the tree. `blake3` is that of @noble/hashes. Each hash has a key of its own, the hash
 * of the text "toycoin/1 merkle-leaf" and so on, so that a leaf can never pass for a node.
 */
export function merkleHasher(blake3) {
  const keyed = (name) => {
    const key = blake3(new TextEncoder().encode(TAG + name));
    return (...parts) => hexOf(blake3(bytesOf(parts.join('')), { key }));
  };
  const [leaf, node, root] = ['merkle-leaf', 'merkle-node', 'merkle-root'].map(keyed);
  return { leaf, node, root: (leaves, top) => root(littleEndian(leaves), top) };
}

/**
 * Returns the tree over `ids`, pairs of txid and wtxid with the coinbase first, of which there is at least one.
 * A node is `{ hash, from, to, left, right }` and covers the leaves `from..to`, `to` excluded; a leaf has no `left`.
 */
export function treeOf(hasher, ids) {
  const build = (from, to) => {
    if (to - from === 1) return { hash: hasher.leaf(...ids[from]), from, to };
    const middle = from + largestPowerBelow(to - from);
    const [left, right] = [build(from, middle), build(middle, to)];
    return { hash: hasher.node(left.hash, right.hash), from, to, left, right };
  };
  return build(0, ids.length);
}

/**
 * Returns the tree that a proof shows: the path of one leaf, and beside it the roots of subtrees whose leaves are not
 * known (`closed`). Returns null unless the siblings are a path in a tree of exactly `n` leaves.
 */
export function treeOfProof(hasher, [txid, wtxid], { pos, n, merkle }) {
  if (!(Number.isSafeInteger(pos) && Number.isSafeInteger(n) && pos >= 0 && pos < n)) return null;
  if (merkle.length !== pathLength(pos, n)) return null;
  // the proof lists siblings from the leaf upward, the tree is built from the top
  let above = merkle.length;
  const build = (from, to) => {
    if (to - from === 1) return { hash: hasher.leaf(txid, wtxid), from, to };
    const middle = from + largestPowerBelow(to - from);
    const sibling = merkle[--above];
    const [left, right] = pos < middle
      ? [build(from, middle), { hash: sibling, from: middle, to, closed: true }]
      : [{ hash: sibling, from, to: middle, closed: true }, build(middle, to)];
    return { hash: hasher.node(left.hash, right.hash), from, to, left, right };
  };
  return build(0, n);
}

/** Returns the steps from leaf `index` to the top: `{ node, sibling, side, parent }`, `side` that of the sibling. */
export function pathOf(tree, index) {
  const steps = [];
  for (let node = tree; node.left;) {
    const goesLeft = index < node.left.to;
    const [next, sibling] = goesLeft ? [node.left, node.right] : [node.right, node.left];
    steps.unshift({ node: next, sibling, side: goesLeft ? 'right' : 'left', parent: node });
    node = next;
  }
  return steps;
}

/** Returns the tree with subtrees that leave the path closed, so that a tree of any size can be drawn. */
export function closeBeside(tree, index) {
  const holds = (node) => index >= node.from && index < node.to;
  const close = (node) => {
    if (!node.left) return node;
    if (!holds(node)) return { hash: node.hash, from: node.from, to: node.to, closed: true };
    return { ...node, left: close(node.left), right: close(node.right) };
  };
  return close(tree);
}

/** Returns the greatest power of two below `count`, which is at least 2. */
function largestPowerBelow(count) {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function pathLength(pos, n) {
  let [from, to, length] = [0, n, 0];
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    if (pos < middle) to = middle;
    else from = middle;
    length += 1;
  }
  return length;
}

function littleEndian(count) {
  return hexOf(Uint8Array.from({ length: 4 }, (_, i) => (count >>> (8 * i)) & 0xff));
}
