// The tree as a table: the same facts as the drawing.

import { html } from 'htm/preact';
import { current, drawing } from './layout.js';
import { minerLabel } from './palette.js';
import { Link } from './panel.js';
import { select, standingOf, tipsOf } from './store.js';
import { count, ranges, short } from './words.js';

/** A row for each shape of the drawing, the newest first. */
export function TreeTable() {
  const { shapes } = drawing.value;
  return html`<table>
    <thead><tr><th class="number">Height</th><th>Block</th><th class="number">Miner</th>
      <th class="number">Payments</th><th>Branch</th>
      <th>Tip of nodes</th></tr></thead>
    <tbody>${shapes.toReversed().map(({ key, block, fold }) => (fold === undefined
      ? html`<tr key=${key}><td class="number">${block.height}</td>
          <td><${Link} to=${{ kind: 'block', id: key }} onSelect=${choose}>${short(key)}<//></td>
          <td class="number">${minerLabel(block.miner)}</td><td class="number">${block.txs - 1}</td>
          <td>${standingOf(key)}</td><td>${ranges(tipsOf(key))}</td></tr>`
      : html`<tr key=${key}><td class="number">${fold.from}–${fold.to}</td>
          <td colspan="5">${count(fold.count, 'block')} without a fork</td></tr>`))}</tbody>
  </table>`;
}

function choose(kind, hash) {
  current.value = hash;
  select(kind, hash);
}
