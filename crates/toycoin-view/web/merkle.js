// The Merkle tree of a block, with the path of a transaction, and each hash computed in the page.

import { html } from 'htm/preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Drawing } from './drawing.js';
import { blake3, hashingFailed, loadBlake3 } from './hashing.js';
import { headerBytes, readHeader } from './header.js';
import { closeBeside, merkleHasher, pathOf, treeOf, treeOfProof } from './merkle-hash.js';
import { MerkleTree, nodesOf } from './merkle-tree.js';
import { BlockLink, Missing, Rule, Scroll, TxLink, Waiting, useApi } from './parts.js';
import { isActive } from './store.js';
import { count, short } from './words.js';

/** Transactions of one answer. A larger block is drawn from a proof, which holds the path alone. */
const PAGE = 25;
/** Most leaves that are drawn all. In a larger tree, what is beside the path is always folded. */
const DRAWN_LEAVES = 16;
/** Most leaves of a tree that need no folding. */
const SMALL_TREE = 4;

/** The tree of a block's transactions. `txid` may be null: then no path is drawn. */
export function Merkle({ hash, txid }) {
  useEffect(() => { loadBlake3(); }, []);
  const header = useApi(`/block/${hash}/header`);
  const ids = useApi(`/block/${hash}/txids`);
  const total = ids.data?.length ?? 0;
  const page = useApi(total > 0 && total <= PAGE ? `/block/${hash}/txs/0` : null);
  const wanted = txid ?? (total > PAGE ? ids.data[0] : null);
  // a block beside the active chain has no proof
  const proof = useApi(wanted === null || !isActive(hash) ? null : `/tx/${wanted}/merkle-proof`, hash);
  if (hashingFailed.value) return html`<${Missing}>This page could not load BLAKE3. It draws no tree.</${Missing}>`;
  if (header.data === undefined) return html`<${Waiting} answer=${header} what="header" />`;
  if (ids.data === undefined) return html`<${Waiting} answer=${ids} what="transactions" />`;
  if (blake3.value === null) return html`<${Missing}>Loading BLAKE3 …</${Missing}>`;
  const of = proof.data?.block_hash === hash ? proof.data : null;
  if (total <= PAGE && page.data === undefined) return html`<${Waiting} answer=${page} what="transactions" />`;
  if (total > PAGE && of === null) {
    return proof.data === undefined && isActive(hash) ? html`<${Waiting} answer=${proof} what="Merkle proof" />`
      : html`<${Missing}>The block is not on the active chain, so the node gives no Merkle proof for it.</${Missing}>`;
  }
  return html`<${Proven} hash=${hash} root=${readHeader(headerBytes(header.data)).merkle_root} ids=${ids.data}
    page=${total > PAGE ? null : page.data} txid=${wanted} proof=${of} />`;
}

function Proven({ hash, root, ids, page, txid, proof }) {
  const hasher = useMemo(() => merkleHasher(blake3.value), [blake3.value]);
  const index = ids.includes(txid) ? ids.indexOf(txid) : null;
  const [folded, setFolded] = useState(false);
  const foldable = index !== null && ids.length > SMALL_TREE && ids.length <= DRAWN_LEAVES;
  const whole = useMemo(() => (page === null ? treeOfProof(hasher, [txid, proof.wtxid], proof)
    : treeOf(hasher, page.map((tx) => [tx.txid, tx.wtxid ?? tx.txid]))), [hasher, page, txid, proof]);
  const tree = useMemo(() => {
    const fold = whole !== null && page !== null && (ids.length > DRAWN_LEAVES || (foldable && folded));
    return fold ? closeBeside(whole, index ?? 0) : whole;
  }, [whole, foldable, folded, index]);
  if (tree === null) return html`<${Missing}>The node's Merkle proof does not fit the block.</${Missing}>`;
  const computed = hasher.root(ids.length, tree.hash);
  const steps = index === null ? [] : pathOf(tree, index);
  const nodes = nodesOf(tree, index, steps);
  return html`<h3>Merkle tree of block <${BlockLink} hash=${hash} /></h3><p>${index === null
    ? html`${count(ids.length, 'transaction')}. Choose one in the drawing to see its path.`
    : html`The path of ${index === 0 ? 'the coinbase' : `transaction ${index}`} of ${ids.length.toLocaleString('en')}:
      ${' '}${count(steps.length, 'hash', 'hashes')} beside it prove that it is in the block.`}
      ${foldable && html` <button type="button" class="link" aria-pressed=${folded}
        onClick=${() => setFolded(!folded)}>fold what is beside the path</button>`}</p>
    <${Drawing} id="merkle" label="Merkle tree" name="Tree"
      drawing=${() => html`<${MerkleTree} tree=${tree} nodes=${nodes} root=${computed} ids=${ids} index=${index} />`}
      table=${() => html`<${Table} nodes=${nodes} root=${computed} ids=${ids} />`} />
    <${Verdict} computed=${computed} root=${root} steps=${steps} proof=${proof} chosen=${index !== null} />
    ${index !== null && html`<${Steps} steps=${steps} leaf=${nodes.find(({ node }) => leafOf(node) === index).node}
      n=${ids.length} root=${computed} />`}`;
}

const leafOf = (node) => (node.to - node.from === 1 && !node.closed ? node.from : null);

function Verdict({ computed, root, steps, proof, chosen }) {
  const same = computed === root;
  const agreed = proof !== null && proof.merkle.length === steps.length
    && steps.every(({ sibling }, at) => sibling.hash === proof.merkle[at]);
  return html`<p class=${same ? 'good' : 'bad'}>${same
    ? '✓ The root that your browser computes is the one in the header.'
    : '✗ The root that your browser computes is not the one in the header.'} <${Rule} number=${15} /></p>
    ${chosen && proof !== null && html`<p class=${agreed ? 'good' : 'bad'}>${agreed
      ? '✓ The path is the node’s Merkle proof.' : '✗ The node’s Merkle proof has other hashes.'}</p>`}`;
}

/** The same as the drawing: one row for each of its boxes. */
function Table({ nodes, root, ids }) {
  return html`<${Scroll} label="Hashes of the Merkle tree"><table><thead><tr><th scope="col">Covers</th>
    <th scope="col">Hash</th><th scope="col">Role</th></tr></thead><tbody>
    <tr><td>all, and their number</td><td class="hash">${root}</td><td>Merkle root</td></tr>
    ${nodes.map(({ node, role }) => html`<tr key=${`${node.from}-${node.to}`}><td>${leafOf(node) === null
      ? `${node.from} to ${node.to - 1}` : html`<${TxLink} txid=${ids[node.from]}>${node.from}: ${short(ids[node.from])}
      </${TxLink}>`}</td><td class="hash">${node.hash}</td><td>${role ?? ''}</td></tr>`)}</tbody></table></${Scroll}>`;
}

function Steps({ steps, leaf, n, root }) {
  return html`<h4>Step by step</h4><ol class="steps">
    <li><b>Leaf:</b> H<sub>leaf</sub>(txid | wtxid) = <span class="hash">${leaf.hash}</span></li>
    ${steps.map(({ node, sibling, side, parent }) => {
      const [left, right] = side === 'right' ? [node, sibling] : [sibling, node];
      const part = (of) => html`<span class=${of === sibling ? 'sibling' : 'on-path'} title=${of.hash}>${
        short(of.hash)}</span>`;
      return html`<li key=${parent.hash}>H<sub>node</sub>(${part(left)} | ${part(right)}) =
        ${' '}<span class="hash">${parent.hash}</span></li>`;
    })}
    <li><b>Root:</b> H<sub>root</sub>(${n} | top) = <span class="hash">${root}</span></li></ol>
    <p class="note">Each H has a key of its own, so a leaf cannot pass for a node. The root hashes the number of
      transactions too, so trees of different sizes never have the same root.</p>`;
}
