// The mempool as bars, by falling fee rate: a bar is as wide as its payment is large, and as high as its fee rate. So
// its area is the fee, and a miner who fills a block from the left earns most.

import { html } from 'htm/preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { obstacle } from './commands.js';
import { rateInWords } from './pool.js';
import { scale } from './prefs.js';
import { select, selected } from './store.js';
import { count, ranges, short } from './words.js';

const HEIGHT = 230;
const LEFT = 44;
const BOTTOM = 30;
const TOP = 14;
/** Widest a byte is drawn: a single payment is not a wall. */
const MOST_PER_BYTE = 0.16;
const LEAST_WIDTH = 2;
const LEAST_DRAWING = 260;
/** Grains per byte at the top, where nobody pays a fee. */
const LEAST_CEILING = 1;

const current = signal(0);

/** The bars, as wide as their panel: so their text has its size on a phone and on a projector. */
export function Bars({ pool, amount }) {
  const box = useRef(null);
  const [width, setWidth] = useState(LEAST_DRAWING);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const all = Math.max(LEAST_DRAWING, width / scale.value);
  return html`<div ref=${box} class="bars-box">
    ${pool.length === 0 ? html`<p class="hint">No payment waits.${obstacle.value === null && ' Pay makes one.'}</p>`
      : html`<${Drawing} pool=${pool} amount=${amount} all=${all} />`}</div>`;
}

function Drawing({ pool, amount, all }) {
  const svg = useRef(null);
  const bytes = pool.reduce((sum, { size }) => sum + size, 0);
  const perByte = Math.min(MOST_PER_BYTE, (all - LEFT - 4) / bytes);
  const ceiling = roundUp(Math.max(LEAST_CEILING, pool[0].rate));
  const y = (rate) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - rate / ceiling);
  const stop = Math.min(current.value, pool.length - 1);
  let x = LEFT;

  function onKeyDown(event) {
    const to = { ArrowRight: stop + 1, ArrowLeft: stop - 1, Home: 0, End: pool.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      current.value = Math.max(0, Math.min(pool.length - 1, to));
      svg.current.querySelectorAll('.bar')[current.value].focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      select('tx', pool[stop].txid);
    }
  }

  return html`<svg class="bars" ref=${svg} viewBox=${`0 0 ${all} ${HEIGHT}`} role="group"
      aria-label="Payments by fee rate" onKeyDown=${onKeyDown}>
    ${[0, ceiling / 2, ceiling].map((rate) => html`<g key=${rate} class="axis" aria-hidden="true">
      <path d=${`M${LEFT} ${y(rate)}H${all}`} />
      <text x=${LEFT - 6} y=${y(rate)}>${rateInWords(rate).replace(/\.0+$/, '')}</text></g>`)}
    ${pool.map((payment, at) => {
    const width = Math.max(LEAST_WIDTH, payment.size * perByte);
    const left = x;
    x += width;
    return html`<${Bar} key=${payment.txid} payment=${payment} x=${left} y=${y(payment.rate)} width=${width}
      height=${HEIGHT - BOTTOM - y(payment.rate)} isEverywhere=${payment.at.length === amount} isStop=${at === stop}
      isSelected=${selected.value?.id === payment.txid} />`;
  })}
    <text class="axis-name" x=${LEFT} y=${HEIGHT - 8} aria-hidden="true">
      width: bytes · height: grains per byte · area: fee</text>
  </svg>
  <ul class="legend still" aria-hidden="true"><li><i class="everywhere"></i>at all nodes</li>
    <li><i class="somewhere"></i>at some</li><li><i class="conflict"></i>in conflict</li></ul>`;
}

function Bar({ payment, x, y, width, height, isEverywhere, isStop, isSelected }) {
  const { txid, rate, fee, size, parents, conflicts, at } = payment;
  const label = `Payment ${short(txid)}, ${rateInWords(rate)} grains per byte, fee ${fee}, ${count(size, 'byte')}`
    + `${isEverywhere ? '' : `, only at ${ranges(at)}`}`
    + `${parents.length > 0 ? `, spends ${count(parents.length, 'payment')} that waits too` : ''}`
    + `${conflicts.size > 0 ? `, in conflict with ${count(conflicts.size, 'payment')}` : ''}`;
  const kind = conflicts.size > 0 ? 'conflict' : isEverywhere ? 'everywhere' : 'somewhere';
  const gap = width > 6 ? 1 : 0;
  return html`<g class=${`bar ${kind}`} role="button" tabindex=${isStop ? 0 : -1} aria-label=${label}
      aria-pressed=${isSelected} onClick=${() => select('tx', txid)}>
    <rect class="target" x=${x} y=${TOP} width=${width} height=${HEIGHT - TOP - BOTTOM} />
    <rect class="body" x=${x + gap / 2} y=${y} width=${width - gap} height=${Math.max(1, height)} />
    ${parents.length > 0 && html`<circle class="child" cx=${x + width / 2} cy=${HEIGHT - BOTTOM + 7} r="3" />`}
  </g>`;
}

function roundUp(rate) {
  const step = 10 ** Math.floor(Math.log10(rate));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * step).find((value) => value >= rate) ?? rate;
}
