// Lanes: a sequence diagram of messages. Each node is a lane, time goes down, a line goes from sending to arrival.

import { html } from 'htm/preact';
import { useRef, useState } from 'preact/hooks';
import { foundIn, linesOf } from './lane-lines.js';
import { Drawing } from './drawing.js';
import { KINDS, kindOf, minerClass } from './palette.js';
import { BlockLink, Missing, Scroll, TxLink } from './parts.js';
import { byHash, clock, nodes, position, select, state, tape } from './store.js';
import { scaled, useRoomBelow, useWidth } from './width.js';
import { count, short, tagInWords, time } from './words.js';

/** Most events that are drawn. */
const MOST_EVENTS = 500;
const SPANS = [1, 2, 5, 10, 30, 60];
const [TOP, BOTTOM, LEFT, RIGHT] = [40, 14, 62, 12];
/** Least and greatest height. Between them, the diagram has the room below its caption. */
const [LEAST, MOST, CAPTION] = [170, 420, 54];
/** Least and greatest width of a lane. Between them, all lanes share the width of the panel. */
const LANE = [60, 150];
const FATES = {
  delivered: 'delivered', withheld: 'withheld', lost: 'lost', lagged: 'dropped, the recipient reads too slowly',
  flying: 'on its way',
};
/** How far a line goes that does not arrive. */
const REACH = { withheld: 0.5, lost: 0.8, lagged: 0.9 };

/** The diagram of the last seconds. */
export function Lanes() {
  const [span, setSpan] = useState(5);
  const [hidden, setHidden] = useState(() => new Set());
  const [chosen, setChosen] = useState(null);
  const { us: to, first } = clock.value;
  const events = tape().events(position(), MOST_EVENTS);
  // where so much happens that not all is drawn, the diagram shows the newest of it and less time
  const isCut = events.length === MOST_EVENTS && events[0].us > to - span * 1e6;
  const from = isCut ? events[0].us : to - span * 1e6;
  const lines = linesOf(events, state.value.messages, from, to).filter(({ tag }) => !hidden.has(kindOf(tag)));
  const found = foundIn(events, from, to);
  const toggle = (kind) => setHidden((before) => {
    const after = new Set(before);
    if (!after.delete(kind)) after.add(kind);
    return after;
  });
  return html`<div class="lanes"><div class="lane-tools">
    <label>Last <select value=${span} onChange=${(event) => setSpan(Number(event.target.value))}>
      ${SPANS.map((each) => html`<option key=${each} value=${each}>${count(each, 'second')}</option>`)}</select></label>
    ${KINDS.map(({ kind, name }) => html`<button key=${kind} type="button" class=${`kind k-${kind}`}
      aria-pressed=${!hidden.has(kind)} onClick=${() => toggle(kind)}>${name}</button>`)}</div>
    <${Drawing} id="lanes" label="Messages" name="Diagram"
      drawing=${() => html`<${Diagram} lines=${lines} found=${found} from=${from} to=${to} chosen=${chosen}
        choose=${setChosen} />`}
      table=${() => html`<${Table} lines=${lines} found=${found} />`} />
    ${isCut ? html`<${Missing}>Only the newest ${count(MOST_EVENTS, 'event')} are drawn.</${Missing}>`
      : first > Math.max(0, from) ? html`<${Missing}>This page knows no message before ${time(first)}.</${Missing}>`
      : lines.length === 0 && found.length === 0 && html`
      <${Missing}>No message in the last ${count(span, 'second')}.</${Missing}>`}
  </div>`;
}

function Diagram({ lines, found, from, to, chosen, choose }) {
  const [svg, box] = [useRef(null), useRef(null)];
  const lanes = Math.max(1, nodes.value.length);
  const lane = Math.max(LANE[0], Math.min(LANE[1], (useWidth(box) - LEFT - RIGHT) / lanes));
  const width = LEFT + lanes * lane + RIGHT;
  const height = Math.max(LEAST, Math.min(MOST, useRoomBelow(box) - CAPTION));
  const x = (node) => LEFT + (node + 0.5) * lane;
  const y = (us) => TOP + ((Math.max(from, us) - from) / (to - from)) * (height - TOP - BOTTOM);
  const picked = lines.find(({ key }) => key === chosen) ?? null;
  const stop = picked ?? lines.at(-1);
  const onKeyDown = (event) => {
    const at = lines.indexOf(stop);
    const next = lines[{ ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: lines.length - 1 }[event.key]];
    if (event.key === 'Enter' || event.key === ' ') show(stop);
    else if (next === undefined) return;
    else {
      choose(next.key);
      svg.current.querySelector(`[data-line="${next.key}"]`).focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const ticks = Array.from({ length: 6 }, (_, index) => from + ((to - from) * index) / 5).filter((us) => us >= 0);
  return html`<div ref=${box}></div>
  <p class="lane-caption">${picked === null ? `${count(lines.length, 'line')}. A box is a block that a node found.`
    : html`${sentenceOf(picked)} <${About} line=${picked} />`}</p>
  <${Scroll} label="Messages, drawn">
    <svg class="lane-svg drawn" ref=${svg} width=${scaled(width)} height=${scaled(height)}
      viewBox=${`0 0 ${width} ${height}`} role="group" onKeyDown=${onKeyDown}
      aria-label="Messages between nodes. Up and Down go from one to the next, Enter shows what it is about.">
    <g aria-hidden="true">${ticks.map((us) => html`<g key=${us}>
        <line class="tick" x1=${LEFT} x2=${width - RIGHT} y1=${y(us)} y2=${y(us)} />
        <text class="small end" x=${LEFT - 6} y=${y(us) + 4}>${time(us)}</text></g>`)}
      ${nodes.value.map(({ node, name, tip }) => html`<g key=${node} class=${minerClass(node)}>
        <line class=${`lane ${state.value.down.includes(node) ? 'down' : ''}`} x1=${x(node)} x2=${x(node)}
          y1=${TOP - 8} y2=${height - BOTTOM} />
        <text x=${x(node)} y="14">${name.slice(0, 12)}</text>
        <text class="small" x=${x(node)} y="28">${byHash.value.get(tip)?.height ?? ''}</text>
      </g>`)}</g>
    ${lines.map((line) => html`<${Line} key=${line.key} line=${line} x=${x} y=${y} to=${to} picked=${line === picked}
      stop=${line === stop} choose=${choose} />`)}
    <g aria-hidden="true">${found.map(({ hash, height, node, us }) => html`<g key=${hash}
      class=${`found shape ${minerClass(node)}`} transform=${`translate(${x(node)},${y(us)})`}
      onClick=${() => select('block', hash)}><rect x="-17" y="-9" width="34" height="18" rx="4" />
      <text y="4">${height}</text></g>`)}</g>
  </svg></${Scroll}>`;
}

function Line({ line, x, y, to, picked, stop, choose }) {
  const [x1, y1, x2, y2] = [x(line.from), y(line.sent), x(line.to), y(line.arrived ?? to)];
  const reach = REACH[line.fate] ?? 1;
  const [ex, ey] = [x1 + (x2 - x1) * reach, y1 + (y2 - y1) * reach];
  const name = `message shape k-${kindOf(line.tag)} ${line.fate} ${picked ? 'picked' : ''}`;
  return html`<g data-line=${line.key} class=${name}
    role="button" tabindex=${stop ? 0 : -1} aria-label=${sentenceOf(line)} onFocus=${() => choose(line.key)}
    onMouseEnter=${() => choose(line.key)} onClick=${() => show(line)}>
    <line class="target" x1=${x1} y1=${y1} x2=${ex} y2=${ey} />
    <line x1=${x1} y1=${y1} x2=${ex} y2=${ey} />
    ${line.fate === 'delivered' && html`<path class="head" d="M0,0 L-9,-4 V4 z"
      transform=${`translate(${x2},${y2}) rotate(${(Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI})`} />`}
    ${line.fate in REACH && html`<path class="cross" d=${`M${ex - 5},${ey - 5} l10,10 m0,-10 l-10,10`} />`}</g>`;
}

function show({ tag, about }) {
  if (about !== undefined && about !== null) select(kindOf(tag) === 'tx' ? 'tx' : 'block', about);
}

function sentenceOf({ tag, bytes, from, to, sent, arrived, fate, about }) {
  const block = byHash.value.get(about);
  const what = block === undefined ? about === undefined || about === null ? '' : ` about ${short(about)}`
    : ` about block ${block.height}`;
  const end = arrived === null ? '' : ` after ${((arrived - sent) / 1000).toFixed(1)} ms`;
  return `Node ${from} to node ${to}, ${tag.trim()} (${tagInWords(tag)})${what}, ${count(bytes, 'byte')}, sent at `
    + `${time(sent)}, ${FATES[fate] ?? fate}${end}.`;
}

function About({ line: { tag, about } }) {
  if (about === undefined || about === null) return null;
  return kindOf(tag) === 'tx' ? html`<${TxLink} txid=${about} />` : html`<${BlockLink} hash=${about} />`;
}

function Table({ lines, found }) {
  return html`<${Scroll} label="Messages, as a table"><table><thead><tr>
    <th scope="col">Sent</th><th scope="col">From</th><th scope="col">To</th><th scope="col">Message</th>
    <th scope="col" class="number">Bytes</th><th scope="col">Fate</th>
    <th scope="col" class="number">Took, ms</th><th scope="col">About</th></tr></thead><tbody>
    ${lines.map((line) => html`<tr key=${line.key}><td>${time(line.sent)}</td><td>${line.from}</td><td>${line.to}</td>
      <td>${line.tag.trim()}</td><td class="number">${line.bytes}</td><td>${FATES[line.fate] ?? line.fate}</td>
      <td class="number">${line.arrived === null ? '' : ((line.arrived - line.sent) / 1000).toFixed(1)}</td>
      <td><${About} line=${line} /></td></tr>`)}
    ${found.map(({ hash, node, us }) => html`<tr key=${hash}><td>${time(us)}</td><td>${node}</td><td></td>
      <td>finds a block</td><td></td><td></td><td></td><td><${BlockLink} hash=${hash} /></td></tr>`)}
    </tbody></table></${Scroll}>`;
}
