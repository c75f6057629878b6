// A ruler of hashes: how rare each one is, in bits, and where the target lies. Each bit more halves the chance.

import { html } from 'htm/preact';
import { useRef } from 'preact/hooks';
import { Drawing } from './drawing.js';
import { Scroll } from './parts.js';
import { scaled, useWidth } from './width.js';
import { short } from './words.js';

/** Least and greatest width of the drawing, and room for one label of its axis. */
const [NARROW, WIDE, LABEL] = [270, 760, 62];
const HEIGHT = 118;
const [LEFT, RIGHT] = [14, 34];
const AXIS = 84;

/** `target` and `current` are rarities in bits; each try is `{ nonce, hash, rarity, met }`. */
export function Ruler({ target, current, tries }) {
  const rows = [...tries].reverse();
  return html`<${Drawing} id="ruler" label="Hashes that were tried" name="Ruler"
    drawing=${() => html`<${Picture} target=${target} current=${current} tries=${tries} />`}
    table=${() => html`<${Scroll} label="Hashes that were tried"><table><thead><tr><th scope="col">Nonce</th>
      <th scope="col">Hash</th><th scope="col" class="number">Rarity, bits</th>
      <th scope="col">Meets the target</th></tr></thead><tbody>${rows.map((each, index) => html`
      <tr key=${rows.length - index}><td class="hash">${each.nonce.toString()}</td>
        <td class="hash">${short(each.hash)}</td>
        <td class="number">${each.rarity.toFixed(2)}</td><td>${each.met ? 'yes' : 'no'}</td></tr>`)}</tbody></table>
      </${Scroll}>`} />`;
}

function Picture({ target, current, tries }) {
  const box = useRef(null);
  const width = Math.max(NARROW, Math.min(WIDE, useWidth(box)));
  const most = Math.max(8, Math.ceil((target + 6) / 4) * 4, Math.ceil(current / 4) * 4);
  const x = (bits) => LEFT + (Math.min(bits, most) / most) * (width - LEFT - RIGHT);
  const step = [2, 4, 8, 16, 32, 64].find((each) => (width * each) / most >= LABEL) ?? 128;
  const ticks = Array.from({ length: Math.floor(most / step) }, (_, index) => (index + 1) * step);
  const met = current >= target;
  const label = `The hash has a rarity of ${current.toFixed(1)} bits, the target asks for ${target.toFixed(1)}.`;
  return html`<div ref=${box}></div>
    <svg class="ruler drawn" width=${scaled(width)} height=${scaled(HEIGHT)} viewBox=${`0 0 ${width} ${HEIGHT}`}
      role="img" aria-label=${label}>
    <rect class="valid" x=${x(target)} y="20" width=${width - RIGHT - x(target)} height=${AXIS - 20} />
    <text class="small start" x=${x(target) + 5} y="14">meets the target</text>
    <text class="small end" x=${x(target) - 5} y="14">above the target</text>
    <line class="target" x1=${x(target)} x2=${x(target)} y1="4" y2=${AXIS + 6} />
    <line class="axis" x1=${LEFT} x2=${width - RIGHT} y1=${AXIS} y2=${AXIS} />
    ${ticks.map((bits) => html`<g key=${bits}>
      <line class="axis" x1=${x(bits)} x2=${x(bits)} y1=${AXIS} y2=${AXIS + 5} />
      <text class="small" x=${x(bits)} y=${AXIS + 18}>${oneIn(bits)}</text></g>`)}
    <text class="small end" x=${width - RIGHT} y=${HEIGHT - 2}>rarer →</text>
    <text class="small start" x=${LEFT} y=${HEIGHT - 2}>dots: tried; triangle: now</text>
    ${tries.map((each, index) => html`<circle key=${index} class=${`try shape ${each.met ? 'met' : ''}`} r="3.5"
      cx=${x(each.rarity)} cy=${34 + ((index * 37) % 42)} />`)}
    <path class=${`now ${met ? 'met' : ''}`} d=${`M${x(current)},${AXIS} l-7,-13 h14 z`} />
  </svg>`;
}

/** Writes how many hashes it takes on average to find one of this rarity. */
function oneIn(bits) {
  if (bits > 48) return `1 in 2^${bits}`;
  return `1 in ${new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(2 ** bits)}`;
}
