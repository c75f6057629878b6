// A node's facts and controls: its tip, its mempool, its hash rate, its delay, stop and start.

import { html } from 'htm/preact';
import { computed } from '@preact/signals';
import { Button } from './button.js';
import { isLive, obstacle, setDelay, setRate, startNode, stopNode } from './commands.js';
import { minerClass, minerLabel } from './palette.js';
import { Link } from './panel.js';
import { byHash, select } from './store.js';
import { grouped, short } from './words.js';

const LONGEST_DELAY_MS = 60_000;

/** The number of payments in a node's mempool, listed or not. */
export const waiting = (node) => node.mempool.length + (node.unlisted ?? 0);

/** The block on which a node stands, as a small copy of the one in the tree. */
export function TipLink({ node }) {
  const block = byHash.value.get(node.tip);
  return html`<span class=${`tip-link ${minerClass(block?.miner)}`}>
    <i aria-hidden="true">${minerLabel(block?.miner)}</i>
    <${Link} to=${{ kind: 'block', id: node.tip }} onSelect=${select}>${node.height} · ${short(node.tip)}<//></span>`;
}

const rateHint = computed(() => (isLive.value ? "The share of a thread's time in which the node mines" : undefined));

function Rate({ node }) {
  const most = Math.max(100, node.hash_rate);
  return html`<label class="rate"><span class="hidden">Hash rate of ${node.name}</span>
    <input type="range" min=${isLive.value ? 1 : 0} max=${most} step="1" value=${node.hash_rate}
      disabled=${obstacle.value !== null} title=${obstacle.value ?? rateHint.value}
      aria-valuetext=${isLive.value ? `${node.hash_rate} percent` : undefined}
      onChange=${(event) => setRate(node.node, event.target.valueAsNumber)} />
    <output>${node.hash_rate}${isLive.value ? ' %' : ''}</output></label>`;
}

function Delay({ node }) {
  const onChange = (event) => {
    if (event.target.reportValidity()) setDelay(node.node, event.target.valueAsNumber);
  };
  return html`<label class="delay"><span class="hidden">Delay of ${node.name} in milliseconds</span>
    <input type="number" required min="0" max=${LONGEST_DELAY_MS} step="10" defaultValue="0" placeholder="0"
      disabled=${obstacle.value !== null} title=${obstacle.value} onChange=${onChange} /></label>`;
}

function StopStart({ node, isDown }) {
  const [verb, title] = [isDown ? 'Start' : 'Stop', isLive.value ? 'A stopped node does not mine' : undefined];
  return html`<${Button} obstacle=${obstacle.value} onClick=${() => (isDown ? startNode : stopNode)(node.node)}
    title=${title} aria-label=${`${verb} ${node.name}`}>${verb}<//>`;
}

/** A strip with what can be done to one node. */
export function NodeControls({ node, isDown }) {
  return html`<div class="node-strip" role="group" aria-label=${node.name}>
    <i class=${`dot ${minerClass(node.node)}`} aria-hidden="true">${node.node}</i>
    <h3>${node.name}${isDown ? html` <small>${isLive.value ? 'does not mine' : 'stopped'}</small>` : ''}</h3>
    <${StopStart} node=${node} isDown=${isDown} />
    <span><b>Hash rate</b> <${Rate} node=${node} /></span>
    <span><b>Delay, ms</b> <${Delay} node=${node} key=${node.node} /></span>
  </div>`;
}

/** A row with all about one node. */
export function NodeRow({ node, isDown, isMeasured }) {
  const { hashes_per_second: measured } = node;
  return html`<tr class=${isDown ? 'down' : ''}>
    <th scope="row"><i class=${`dot ${minerClass(node.node)}`} aria-hidden="true">${node.node}</i>
      <${Link} to=${{ kind: 'node', id: node.node }} onSelect=${select}>${node.name}<//></th>
    <td><${TipLink} node=${node} /></td>
    <td class="number">${waiting(node)}</td>
    ${isMeasured && html`<td class="number">${measured === undefined ? '' : grouped(measured)}</td>`}
    <td><${Rate} node=${node} /></td>
    <td><${Delay} node=${node} /></td>
    <td><${StopStart} node=${node} isDown=${isDown} /></td>
  </tr>`;
}
