// Where the coins of a transaction come from and go to: bands whose widths are values.

import { html } from 'htm/preact';
import { useRef } from 'preact/hooks';
import { Drawing } from './drawing.js';
import { bandsOf, bandsOfPayment } from './flow-bands.js';
import { Missing, Scroll, TxLink, Waiting, toycoins, useApi } from './parts.js';
import { pastOf, waitingOf } from './payments.js';
import { bestTip, byHash } from './store.js';
import { scaled, useWidth } from './width.js';
import { short } from './words.js';

const [BAR, LEAST, GAP, TOP] = [12, 3, 8, 30];
/** Least and greatest width of the drawing, and the part of it that each side's labels take. */
const [NARROW, WIDE, LABELS] = [300, 720, 0.34];
/** Heights: of all bars together, and of a label. */
const [ROOM, LABEL] = [200, 48];

const FROM_EVENT = 'An event tells so; it does not tell whether the new coins are spent.';

/** The coins of a transaction. `answer` is the node's answer to `/tx/:txid`. */
export function Coins({ txid, answer }) {
  const spends = useApi(answer.data === undefined ? null : `/tx/${txid}/outspends`, bestTip.value ?? '');
  const tx = answer.data;
  const payment = tx === undefined ? waitingOf(txid).payment ?? pastOf(txid).payment : null;
  const bands = tx === undefined ? payment && bandsOfPayment(payment)
    : bandsOf(tx, spends.data, byHash.value.get(tx.status?.block_hash)?.fees);
  if (bands === null) {
    return html`<${Waiting} answer=${answer} what="coins" />
      ${answer.failure !== undefined && html`<${Missing}>No event tells all of its values.</${Missing}>`}`;
  }
  return html`<h3>Coins of <span class="hash">${short(txid)}</span></h3>
    <p>A transaction destroys the coins on the left and creates those on the right. The widths are
      values, in toycoins.${tx === undefined ? ` ${FROM_EVENT}` : ''}</p>
    <${Drawing} id="flow" label="Coins" name="Flow" drawing=${() => html`<${Flow} bands=${bands} />`}
      table=${() => html`<${Table} bands=${bands} />`} />`;
}

function Flow({ bands }) {
  const box = useRef(null);
  const width = Math.max(NARROW, Math.min(WIDE, useWidth(box)));
  const labels = Math.round(width * LABELS);
  const [left, centre, right] = [labels + 6, width / 2, width - labels - 6];
  const sums = ['left', 'right'].map((side) => bands[side].reduce((sum, { value }) => sum + value, 0));
  const total = Math.max(1, ...sums);
  const columns = { left: stack(bands.left, total), right: stack(bands.right, total) };
  const height = TOP + Math.max(columns.left.height, columns.right.height) + 10;
  const middle = TOP + (height - TOP - 10 - ROOM) / 2;
  const side = (name, x, to) => columns[name].bands.map((band) => html`
    <${Band} key=${band.key} band=${band} x=${x} to=${to} middle=${middle} />`);
  return html`<div ref=${box}></div><${Scroll} label="Flow of coins, drawn">
    <div class="flow" style=${{ width: px(width), height: px(height) }}>
      <svg class="drawn" width=${scaled(width)} height=${scaled(height)}
        viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
        <text class="column end" x=${left + BAR} y="14">spent</text>
        <text class="column start" x=${right - BAR} y="14">created</text>
        ${side('left', left, centre - BAR / 2)}${side('right', right - BAR, centre + BAR / 2)}
        <rect class="transaction" x=${centre - BAR / 2} y=${middle} width=${BAR} height=${ROOM} />
      </svg>
      ${[['left', 0], ['right', right + 6]].map(([name, x]) => columns[name].bands.map((band) => html`
        <div key=${band.key} class=${`flow-label ${name}`}
          style=${{ left: px(x), top: px(TOP + band.centre), width: px(labels) }}>
          <b>${toycoins(band.value)}</b> <${Label} band=${band} /></div>`))}
    </div></${Scroll}>`;
}

const px = (length) => `${scaled(length)}px`;

/** Places bands one below the other: their bars by value, and room for each label. */
function stack(bands, total) {
  let [at, along] = [0, 0];
  const placed = bands.map((band) => {
    const thick = Math.max(LEAST, (band.value / total) * ROOM);
    const room = Math.max(LABEL, thick);
    const out = { ...band, thick, along, y: at + (room - thick) / 2, centre: at + room / 2 };
    at += room + GAP;
    along += (band.value / total) * ROOM;
    return out;
  });
  return { bands: placed, height: Math.max(ROOM, at - GAP) };
}

/** One band, from its bar at `x` to the transaction at `to`. */
function Band({ band, x, to, middle }) {
  const [y, thick] = [TOP + band.y, band.thick];
  const inner = middle + band.along;
  const from = x < to ? x + BAR : x;
  const bend = (from + to) / 2;
  return html`<g class=${`band shape ${band.kind}`}>
    <path d=${`M${from},${y} C${bend},${y} ${bend},${inner} ${to},${inner} v${thick}
      C${bend},${inner + thick} ${bend},${y + thick} ${from},${y + thick} z`} />
    <rect x=${x} y=${y} width=${BAR} height=${thick} /></g>`;
}

function Label({ band }) {
  if (band.txid !== undefined) return html`<span>${band.text} <${TxLink} txid=${band.txid} /></span>`;
  return html`<span class=${band.owner === undefined ? '' : 'hash'} title=${band.owner}>${band.text}</span>`;
}

function Table({ bands }) {
  const row = (side) => (band) => html`<tr key=${`${side}${band.key}`}><td>${side}</td><td class="number">${
    toycoins(band.value)}</td><td class="hash">${band.owner ?? ''}</td><td><${Label} band=${band} /></td></tr>`;
  return html`<${Scroll} label="Flow of coins, as a table"><table><thead><tr><th scope="col">Side</th>
    <th scope="col" class="number">Toycoins</th><th scope="col">Owner</th><th scope="col">Link</th></tr></thead>
    <tbody>${bands.left.map(row('spent'))}${bands.right.map(row('created'))}</tbody></table></${Scroll}>`;
}
