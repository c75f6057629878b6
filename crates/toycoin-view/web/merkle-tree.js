// The drawing of a Merkle tree: leaves below, the root above, a path in colour.

import { html } from 'htm/preact';
import { useEffect, useRef } from 'preact/hooks';
import { Scroll } from './parts.js';
import { select } from './store.js';
import { scaled } from './width.js';
import { count, short } from './words.js';

const [WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN] = [94, 36, 8, 30, 4];

/**
 * Returns all nodes of a tree, from the top down and left to right: `{ node, level, role }`. `level` is 0 at the
 * bottom; `role` says in words what a node is for the path of leaf `index`, and is null beside it.
 */
export function nodesOf(tree, index, steps) {
  const path = new Set(steps.map(({ node }) => node).concat(index === null ? [] : [tree]));
  const siblings = new Set(steps.map(({ sibling }) => sibling));
  const nodes = [];
  const walk = (node) => {
    const entry = { node, level: 0, role: path.has(node) ? 'on the path' : siblings.has(node) ? 'proof' : null };
    nodes.push(entry);
    if (node.left) entry.level = 1 + Math.max(walk(node.left), walk(node.right));
    return entry.level;
  };
  walk(tree);
  return nodes;
}

/** Draws the tree. A leaf is a button that selects its transaction. */
export function MerkleTree({ tree, nodes, root, ids, index }) {
  const svg = useRef(null);
  const places = layOut(nodes);
  const top = places.get(tree);
  const ends = nodes.filter(({ node }) => !node.left);
  const leaves = ends.filter(({ node }) => !node.closed);
  const width = ends.length * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN;
  const levels = nodes[0].level + 2;
  const height = levels * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN;
  const focused = index ?? leaves[0].node.from;
  // the middle between the root and the chosen leaf
  const chosen = index === null ? top : places.get(leaves.find(({ node }) => node.from === index).node);
  const middle = (top.x + chosen.x + WIDTH) / 2;
  useEffect(() => {
    const box = svg.current.parentElement;
    box.scrollLeft = scaled(middle) - box.clientWidth / 2;
  }, [tree]);
  const onKeyDown = (event, at) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') select('tx', ids[leaves[at].node.from]);
    else if (step === undefined || leaves[at + step] === undefined) return;
    else svg.current.querySelector(`[data-leaf="${leaves[at + step].node.from}"]`).focus();
    event.preventDefault();
  };
  return html`<${Scroll} label="Merkle tree, drawn" class="merkle-scroll">
    <svg class="merkle drawn" ref=${svg} width=${scaled(width)} height=${scaled(height)}
      viewBox=${`0 0 ${width} ${height}`} role="group"
      aria-label="Merkle tree. Arrow keys go from leaf to leaf, Enter selects a transaction.">
      <g aria-hidden="true"><path class=${`edge ${index === null ? '' : 'on-path'}`}
        d=${`M${top.x + WIDTH / 2},${top.y} v${-GAP_Y}`} />
      ${nodes.map(({ node }) => node.left && [node.left, node.right].map((child) => html`
        <path key=${`${child.from}-${child.to}`} class=${`edge ${roleClass(nodes, child)}`}
          d=${edge(places.get(node), places.get(child))} />`))}
      <g class="node shape root" transform=${`translate(${top.x},${top.y - HEIGHT - GAP_Y})`}>
        <rect width=${WIDTH} height=${HEIGHT} rx="5" /><text x=${WIDTH / 2} y="15">${short(root)}</text>
        <text class="small" x=${WIDTH / 2} y="29">root: ${ids.length} | top</text></g>
      ${nodes.filter(({ node }) => node.left || node.closed).map(({ node }) => html`
        <${Box} key=${`${node.from}-${node.to}`} node=${node} place=${places.get(node)}
          name=${roleClass(nodes, node)} />`)}</g>
      ${leaves.map(({ node, role }, at) => html`<g key=${node.from} data-leaf=${node.from} role="button"
        class=${`node shape leaf ${roleClass(nodes, node)}`} tabindex=${node.from === focused ? 0 : -1}
        transform=${translate(places.get(node))} onClick=${() => select('tx', ids[node.from])}
        onKeyDown=${(event) => onKeyDown(event, at)} aria-label=${leafName(node, ids[node.from], role)}>
        <rect width=${WIDTH} height=${HEIGHT} rx="5" /><text x=${WIDTH / 2} y="15">${short(node.hash)}</text>${' '}
        <text class="small" x=${WIDTH / 2} y="29">${leafTitle(node.from)}</text></g>`)}
    </svg></${Scroll}>`;
}

function Box({ node, place, name }) {
  const leaves = node.to - node.from;
  return html`<g class=${`node shape ${name} ${node.closed ? 'closed' : ''}`} transform=${translate(place)}>
    ${node.closed && leaves > 1 && html`<path d=${`M6,-3 v-3 h${WIDTH - 12} v3 M3,0 v-3 h${WIDTH - 6} v3`} />`}
    <rect width=${WIDTH} height=${HEIGHT} rx="5" />
    <text x=${WIDTH / 2} y="15">${short(node.hash)}</text>
    <text class="small" x=${WIDTH / 2} y="29">${leaves === 1 ? leafTitle(node.from)
      : node.closed ? count(leaves, 'leaf', 'leaves') : `${node.from} to ${node.to - 1}`}</text></g>`;
}

const translate = ({ x, y }) => `translate(${x},${y})`;
const leafTitle = (index) => (index === 0 ? '0 coinbase' : `transaction ${index}`);

/** The text in the box, and then what it means. */
function leafName({ hash, from }, txid, role) {
  return `${short(hash)} ${leafTitle(from)}, txid ${short(txid)}${role === null ? '' : `, ${role}`}`;
}

function roleClass(nodes, node) {
  const { role } = nodes.find((each) => each.node === node);
  return role === 'on the path' ? 'on-path' : role === 'proof' ? 'sibling' : '';
}

/** Places ends side by side in their order, and each inner node in the middle above its children. */
function layOut(nodes) {
  const places = new Map();
  let slot = 0;
  const levels = nodes[0].level;
  const rows = new Map(nodes.map(({ node, level }) => [node, level]));
  const place = (node) => {
    const [left, right] = node.left ? [place(node.left), place(node.right)] : [null, null];
    const x = left === null ? MARGIN + (slot++) * (WIDTH + GAP_X) : (left.x + right.x) / 2;
    const y = MARGIN + (levels - rows.get(node) + 1) * (HEIGHT + GAP_Y);
    places.set(node, { x, y });
    return places.get(node);
  };
  place(nodes[0].node);
  return places;
}

function edge(above, below) {
  const [x1, y1, x2, y2] = [above.x + WIDTH / 2, above.y + HEIGHT, below.x + WIDTH / 2, below.y];
  const middle = y1 + GAP_Y / 2;
  return `M${x1},${y1} C${x1},${middle} ${x2},${y2 - GAP_Y / 2} ${x2},${y2}`;
}
