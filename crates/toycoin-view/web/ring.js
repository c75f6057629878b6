// The ring: nodes round the relay, a wall where the network is parted, and messages as dots on their way.

import { html } from 'htm/preact';
import { useEffect, useRef } from 'preact/hooks';
import { lengthOf } from './block.js';
import { isPaused } from './commands.js';
import { Flights } from './flights.js';
import { memo } from './memo.js';
import { waiting } from './node.js';
import { KINDS, kindOf, minerClass, minerLabel } from './palette.js';
import { labelDistance, labelOf, placesOf, radiusOf, sizeOf, wallsOf } from './places.js';
import { calm, narrow } from './prefs.js';
import { byHash, nodes, select, selected, state, watch } from './store.js';
import { count } from './words.js';

/** After a step the dots go on for a while even though time stands still, so that it can be seen. */
const LINGER_MS = 900;

export function Ring() {
  const amount = nodes.value.length;
  const at = placesOf(amount, narrow.value);
  const { width, height } = sizeOf(narrow.value, amount);
  const r = radiusOf(amount);
  const { down, groups, faults, attack } = state.value;
  const stop = selected.value?.kind === 'node' ? selected.value.id : 0;
  return html`
    <div class="ring">
      <svg viewBox=${`${-width / 2} ${-height / 2} ${width} ${height}`} role="group" aria-label="Ring of nodes"
        onKeyDown=${onKeyDown}>
        ${at.map(({ x, y }, node) => html`<path key=${`spoke${node}`}
          class=${`spoke${down.includes(node) ? ' down' : ''}`} d=${`M0 0L${x} ${y}`} />`)}
        ${wallsOf(groups, at, narrow.value).map(({ key, d }) => html`<path key=${key} class="wall" d=${d} />`)}
        <g class="relay" aria-hidden="true"><circle r="23" /><text>relay</text></g>
        ${nodes.value.map((node) => html`<${Node} key=${node.node} ...${at[node.node]} r=${r} amount=${amount}
          node=${node.node} name=${node.name} height=${node.height}
          miner=${byHash.value.get(node.tip)?.miner ?? null} tip=${node.tip}
          waits=${waiting(node)} isDown=${down.includes(node.node)} isStop=${stop === node.node}
          isAttacker=${attack?.attackers.includes(node.node) ?? false}
          fault=${faults.some((fault) => fault.node === node.node)}
          isSelected=${selected.value?.kind === 'node' && selected.value.id === node.node} />`)}
      </svg>
      <${Dots} />
    </div>
    <${Legend} />`;
}

const Node = memo(({ x, y, dx, dy, r, amount, node, name, height, miner, waits, ...flags }) => {
  const { isDown, isStop, isSelected, isAttacker, fault } = flags;
  // among so many, a node has room for its number and its height
  const isSmall = r < 20;
  const isLarge = r >= 29;
  const { w, h, strip } = labelOf(amount);
  const far = labelDistance({ dx, dy }, amount);
  const side = r * 0.75;
  const label = `${name}, on block ${height}, ${count(waits, 'payment')} waiting`
    + `${isDown ? ', stopped' : ''}${fault ? ', disturbed' : ''}`;
  return html`
    <g class=${`place ${minerClass(node)}${isDown ? ' down' : ''}${isSmall ? ' small' : isLarge ? ' large' : ''}`}
      transform=${`translate(${x} ${y})`}>
      <g class="node" role="button" tabindex=${isStop ? 0 : -1} data-node=${node} aria-label=${label}
        aria-pressed=${isSelected} onClick=${() => select('node', node)}>
        <circle class="halo" r=${r + 5} />
        ${isAttacker && html`<circle class="attacker" r=${r + 9} />`}
        <circle class="body" r=${r} />
      </g>
      <g class="words" aria-hidden="true">
        <text class="name">${node}</text>
        <g class=${`held ${minerClass(miner)}`} transform=${`translate(${dx * far - w / 2} ${dy * far - h / 2})`}>
          <rect class="body" width=${w} height=${h} rx="4" />
          ${!isSmall && html`
            <path class="mark" d=${`M4 0H${strip}V${h}H4A4 4 0 0 1 0 ${h - 4}V4A4 4 0 0 1 4 0Z`} />
            <text class="miner" x=${strip / 2} y=${h / 2}>${minerLabel(miner)}</text>`}
          <text class=${`height ${lengthOf(height)}`} x=${(strip + w) / 2} y=${h / 2}>${height}</text>
        </g>
        ${fault && html`<path class="fault"
          transform=${`translate(${(dy - dx) * side} ${-(dx + dy) * side})`}
          d="M0 -9L9 7H-9ZM-1 -3V2H1V-3ZM-1 3.5V5.5H1V3.5Z" />`}
        ${waits > 0 && !isDown && !isSmall && html`<g class="waits"
          transform=${`translate(${-(dx + dy) * side} ${(dx - dy) * side})`}>
          <circle r=${isLarge ? 13 : 11} /><text>${waits > 99 ? '99+' : waits}</text></g>`}
      </g>
    </g>`;
});

function onKeyDown(event) {
  const node = Number(event.target.dataset.node);
  if (Number.isNaN(node)) return;
  const amount = nodes.peek().length;
  const to = { ArrowRight: node + 1, ArrowDown: node + 1, ArrowLeft: node - 1, ArrowUp: node - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    event.currentTarget.querySelector(`[data-node="${(to + amount) % amount}"]`).focus();
  } else if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    select('node', node);
  }
}

/** The dots are on a canvas: a broadcast among 32 nodes is 32 of them, and several are on their way at once. */
function Dots() {
  const ref = useRef(null);
  useEffect(() => {
    const canvas = ref.current;
    const flights = new Flights();
    const unwatch = watch((events) => flights.take(events, calm.peek()));
    let frame = 0;
    let last = performance.now();
    const draw = (at) => {
      frame = requestAnimationFrame(draw);
      const passed = Math.min(100, at - last);
      last = at;
      if (isPaused.peek() && flights.quietFor(at) > LINGER_MS) return;
      flights.advance(passed);
      paint(canvas, flights);
    };
    frame = requestAnimationFrame(draw);
    const observer = new ResizeObserver(() => fit(canvas));
    observer.observe(canvas);
    return () => {
      unwatch();
      observer.disconnect();
      cancelAnimationFrame(frame);
    };
  }, []);
  return html`<canvas ref=${ref} aria-hidden="true"></canvas>`;
}

function fit(canvas) {
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
  canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
}

function paint(canvas, flights) {
  if (flights.isEmpty && flights.wasEmpty) return;
  const { width: w, height: h } = canvas;
  const context = canvas.getContext('2d');
  const amount = nodes.peek().length;
  const { width, height } = sizeOf(narrow.peek(), amount);
  const zoom = Math.min(w / width, h / height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, w, h);
  context.setTransform(zoom, 0, 0, zoom, w / 2, h / 2);
  const places = placesOf(amount, narrow.peek());
  flights.draw(context, { places, radius: radiusOf(amount), colours: coloursOf(canvas) });
}

let colours = null;
let coloursAt = -Infinity;

/** The colours of the kinds, as the style sheet has them in this theme. */
function coloursOf(canvas) {
  const at = performance.now();
  if (colours === null || at - coloursAt > 1_000) {
    const legend = canvas.closest('.view')?.querySelectorAll('.legend [data-kind] i') ?? [];
    const colour = (mark) => [mark.parentElement.dataset.kind, getComputedStyle(mark).color];
    colours = Object.fromEntries([...legend].map(colour));
    coloursAt = at;
  }
  return colours;
}

/** What the dots mean, and how many are on their way: for those who see no dots move, this is all. */
function Legend() {
  const counts = new Map();
  for (const { tag } of state.value.messages) counts.set(kindOf(tag), (counts.get(kindOf(tag)) ?? 0) + 1);
  return html`<ul class="legend" aria-label="Messages in flight">${KINDS.map(({ kind, name }) => html`
    <li key=${kind} data-kind=${kind}><i class=${kind} aria-hidden="true"></i>${name}
      <b> ${counts.get(kind) ?? 0}</b></li>`)}
  </ul>`;
}
