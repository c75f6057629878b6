// The mempool: which payments wait, what they offer, and where the nodes disagree.

import { html } from 'htm/preact';
import { computed, signal } from '@preact/signals';
import { Bars } from './bars.js';
import { NodeSelect } from './dialog.js';
import { Link, Panel, Tabs } from './panel.js';
import { difference, poolOf, rateInWords } from './pool.js';
import { calmState, select } from './store.js';
import { count, grouped, ranges, short } from './words.js';

const chosen = signal('all');
const first = signal('0');
const second = signal('1');
const MOST_ROWS = 200;

const nodes = computed(() => calmState.value.nodes);
const pool = computed(() => poolOf(nodes.value, chosen.value === 'all' ? null : Number(chosen.value)));

const caption = computed(() => {
  const everywhere = pool.value.filter(({ at }) => at.length === nodes.value.length).length;
  const conflicts = pool.value.filter(({ conflicts: rivals }) => rivals.size > 0).length;
  const unlisted = nodes.value.reduce((sum, node) => sum + (node.unlisted ?? 0), 0);
  const parts = [`${count(pool.value.length, 'payment')} ${pool.value.length === 1 ? 'waits' : 'wait'}`];
  const some = pool.value.length - everywhere;
  if (some > 0) parts.push(`${some} only at some nodes`);
  if (conflicts > 0) parts.push(`${conflicts} in conflict`);
  if (unlisted > 0) parts.push(`${unlisted} more are not listed`);
  return `${parts.join(', ')}.`;
});

export function Mempool() {
  const tabs = [
    { id: 'bars', name: 'Bars', view: BarsView },
    { id: 'table', name: 'Table', view: Table },
    { id: 'difference', name: 'Two nodes', view: Difference },
  ];
  const tools = html`<${NodeSelect} label="Whose mempool" nodes=${nodes.value} value=${chosen.value}
    also=${[['all', 'all nodes']]} onChange=${(value) => { chosen.value = value; }} />`;
  return html`<${Panel} id="mempool" title="Mempool" caption=${caption} tools=${tools}>
    <${Tabs} id="mempool" label="Views of the mempool" tabs=${tabs} />
  <//>`;
}

function BarsView() {
  return html`<${Bars} pool=${pool.value} amount=${nodes.value.length} />`;
}

const tx = ({ txid }) => html`<${Link} to=${{ kind: 'tx', id: txid }} onSelect=${select}>${short(txid)}<//>`;

function Table() {
  const rows = pool.value.slice(0, MOST_ROWS);
  return html`<table>
    <thead><tr><th>Payment</th><th class="number">Grains per byte</th><th class="number">Fee</th>
      <th class="number">Bytes</th><th>Spends waiting</th>
      <th>Conflicts with</th><th>At nodes</th></tr></thead>
    <tbody>${rows.map((payment) => html`<tr key=${payment.txid} class=${payment.conflicts.size > 0 ? 'conflict' : ''}>
      <td>${tx(payment)}</td><td class="number">${rateInWords(payment.rate)}</td>
      <td class="number">${grouped(payment.fee)}</td><td class="number">${payment.size}</td>
      <td>${payment.parents.map(short).join(', ')}</td><td>${[...payment.conflicts].map(short).join(', ')}</td>
      <td>${payment.at.length === nodes.value.length ? 'all' : ranges(payment.at)}</td></tr>`)}</tbody>
  </table>
  ${pool.value.length > MOST_ROWS && html`<p class="hint">The first ${MOST_ROWS} of ${pool.value.length}.</p>`}`;
}

function Difference() {
  const a = Number(first.value);
  const b = Number(second.value);
  const { onlyA, both, onlyB } = difference(nodes.value, a, b);
  const pick = (which, label) => html`<${NodeSelect} label=${label} nodes=${nodes.value} value=${which.value}
    onChange=${(value) => { which.value = value; }} />`;
  return html`<div class="difference">
    <${List} head=${html`only at ${pick(first, 'First node')}`} list=${onlyA} />
    <${List} head=${html`at both`} list=${both} />
    <${List} head=${html`only at ${pick(second, 'Second node')}`} list=${onlyB} />
  </div>`;
}

function List({ head, list }) {
  return html`<section><h3>${head} <b>${list.length}</b></h3>
    <ul class="plain-list">${list.slice(0, MOST_ROWS).map((payment) => html`<li key=${payment.txid}>
      ${tx(payment)} <span class="number">${rateInWords(payment.rate)} per byte</span>
      ${payment.conflicts.size > 0 && html`<span class="badge">conflict</span>`}</li>`)}</ul></section>`;
}
