// Where the coins of a transaction come from and go to: bands whose widths are values.

import { html } from 'htm/preact';
import { Drawing } from './drawing.js';
import { bandsOf } from './flow-bands.js';
import { Missing, Scroll, TxLink, Waiting, toycoins, useApi } from './parts.js';
import { bestTip, byHash } from './store.js';
import { short } from './words.js';

const [WIDTH, BAR, LEAST, GAP, TOP] = [660, 12, 3, 8, 34];
const [LEFT, MIDDLE, RIGHT] = [190, 330, 470];
const ROOM = 220;
const LABEL = 30;

/** The coins of a transaction. `answer` is the node's answer to `/tx/:txid`. */
export function Coins({ txid, answer }) {
  const spends = useApi(`/tx/${txid}/outspends`, bestTip.value ?? '');
  if (answer.data === undefined) {
    return html`<${Missing}>To draw coins, the page needs their values, which no event holds.</${Missing}>
      <${Waiting} answer=${answer} what="coins" />`;
  }
  const tx = answer.data;
  const bands = bandsOf(tx, spends.data, byHash.value.get(tx.status?.block_hash)?.fees);
  return html`<h3>Coins of <span class="hash">${short(txid)}</span></h3>
    <p>A transaction destroys the coins on the left and creates those on the right. The widths are
      values, in toycoins.</p>
    <${Drawing} id="flow" label="Coins" name="Flow" drawing=${() => html`<${Flow} bands=${bands} />`}
      table=${() => html`<${Table} bands=${bands} />`} />`;
}

function Flow({ bands }) {
  const sums = ['left', 'right'].map((side) => bands[side].reduce((sum, { value }) => sum + value, 0));
  const total = Math.max(1, ...sums);
  const columns = { left: stack(bands.left, total), right: stack(bands.right, total) };
  const height = TOP + Math.max(columns.left.height, columns.right.height) + 10;
  const middle = TOP + (height - TOP - 10 - ROOM) / 2;
  const side = (name, x) => columns[name].bands.map((band) => html`<${Band} key=${band.key} band=${band} x=${x}
    left=${name === 'left'} middle=${middle} />`);
  return html`<${Scroll} label="Flow of coins, drawn">
    <div class="flow" style=${{ width: `${WIDTH}px`, height: `${height}px` }}>
      <svg class="drawn" width=${WIDTH} height=${height} viewBox=${`0 0 ${WIDTH} ${height}`} aria-hidden="true">
        <text class="column end" x=${LEFT} y="16">spent</text>
        <text class="column" x=${MIDDLE} y="16">transaction</text>
        <text class="column start" x=${RIGHT} y="16">created</text>
        ${side('left', LEFT)}${side('right', RIGHT - BAR)}
        <rect class="transaction" x=${MIDDLE - BAR / 2} y=${middle} width=${BAR} height=${ROOM} />
      </svg>
      ${[['left', 0], ['right', RIGHT + 8]].map(([name, x]) => columns[name].bands.map((band) => html`
        <div key=${band.key} class=${`flow-label ${name}`}
          style=${{ left: `${x}px`, top: `${TOP + band.centre - 16}px` }}>
          <b>${toycoins(band.value)}</b> <${Label} band=${band} /></div>`))}
    </div></${Scroll}>`;
}

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

function Band({ band, x, left, middle }) {
  const [y, thick] = [TOP + band.y, band.thick];
  const inner = middle + band.along;
  const [from, to] = left ? [x + BAR, MIDDLE - BAR / 2] : [x, MIDDLE + BAR / 2];
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
