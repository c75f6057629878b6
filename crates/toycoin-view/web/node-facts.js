// A node: its tip, its mempool, its hash rate and its peers.

import { html } from 'htm/preact';
import { isLive } from './commands.js';
import { NodeControls } from './node.js';
import { BlockLink, Facts, Missing, useApi } from './parts.js';
import { nodes, state } from './store.js';
import { count, nodesInWords } from './words.js';

/** All that is known of a node. */
export function NodeFacts({ node }) {
  const known = nodes.value[node];
  const peers = useApi(`/v1/peers/${node}`, String(known?.height ?? 0));
  if (known === undefined) return html`<${Missing}>There is no node ${node}.</${Missing}>`;
  const { groups, down, faults } = state.value;
  const group = groups.find((members) => members.includes(node));
  const waits = known.mempool.length + (known.unlisted ?? 0);
  const others = (group ?? []).filter((other) => other !== node);
  return html`<div class="inspector">
    <${NodeControls} node=${known} isDown=${down.includes(node)} /><${Facts} rows=${[
    { label: 'State', value: !down.includes(node) ? 'runs'
      : isLive.value ? 'runs, does not mine' : 'down, or stopped by the teacher' },
    { label: 'Tip', value: html`<${BlockLink} hash=${known.tip} />` },
    { label: 'Mempool', value: count(waits, 'payment'), note: 'Valid payments that wait for a block.' },
    { label: 'Hash rate', value: known.hash_rate === 0 ? 'does not mine'
      : `set to ${known.hash_rate}${isLive.value ? " % of a thread's time" : ''}` },
    { label: 'Measured', value: known.hashes_per_second === undefined ? null
      : count(known.hashes_per_second, 'hash per second', 'hashes per second') },
    { label: 'Reaches', value: group === undefined ? null : others.length === 0 ? 'no other node'
      : nodesInWords(others), note: 'The network is parted.' },
    { label: 'Faults',
      value: faults.filter((fault) => fault.node === node).map(({ kind }) => kind).join(', ') || null },
    { label: 'Peers', value: Array.isArray(peers.data) ? count(peers.data.length, 'peer') : null },
  ]} /></div>`;
}
