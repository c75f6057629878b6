// The log: what happened, in words. Each line leads to its block, payment or node.

import { html } from 'htm/preact';
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { NodeSelect } from './dialog.js';
import { Panel, Link } from './panel.js';
import { calmState, position, select, tape } from './store.js';
import { sentence, time } from './words.js';

const MOST_LINES = 200;
const MOST_SEARCHED = 20_000;
/** How many lines apart events of one group may be. */
const NEAR_LINES = 24;

const KINDS = [
  { id: 'most', name: 'all but messages',
    types: ['block', 'tip', 'tx', 'rejected', 'network', 'node', 'clock', 'note'] },
  { id: 'chain', name: 'blocks and tips', types: ['block', 'tip', 'rejected'] },
  { id: 'reorganisations', name: 'reorganisations', types: ['tip'], test: (event) => event.left.length > 0 },
  { id: 'payments', name: 'payments', types: ['tx', 'gone'] },
  { id: 'messages', name: 'messages', types: ['sent', 'arrived'] },
  { id: 'network', name: 'network', types: ['network', 'node', 'clock', 'note', 'rejected'] },
  { id: 'all', name: 'everything', types: null },
];

const kind = signal('most');
const node = signal('all');
const text = signal('');

/** Puts the cursor in the search field. */
export function findInLog() {
  document.getElementById('find')?.focus();
}

export function Log() {
  const { nodes } = calmState.value;
  const set = (which) => (event) => { which.value = event.target.value; };
  const tools = html`<div class="filters">
    <select aria-label="Which events" value=${kind.value} onChange=${set(kind)}>
      ${KINDS.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}</select>
    <${NodeSelect} label="Which node" nodes=${nodes} value=${node.value} also=${[['all', 'all nodes']]}
      onChange=${(value) => { node.value = value; }} />
    <input id="find" type="search" aria-label="Find in the events" placeholder="find" value=${text.value}
      onInput=${set(text)} onKeyDown=${(event) => { if (event.key === 'Escape') event.target.blur(); }} />
  </div>`;
  return html`<${Panel} id="log" title="Events" tools=${tools}><${Lines} /><//>`;
}

function Lines() {
  // the tape is no signal: the state says when it moved
  void calmState.value;
  const lines = found();
  const list = useRef(null);
  const hasFocus = useRef(false);
  // a line that moves or vanishes takes the focus with it: the list gets it back
  useLayoutEffect(() => {
    if (hasFocus.current && document.activeElement === document.body) list.current.focus({ preventScroll: true });
  });
  return html`<ol class="log scroll" tabindex="0" ref=${list} onKeyDown=${onKeyDown}
    onFocusIn=${() => { hasFocus.current = true; }}
    onFocusOut=${({ relatedTarget }) => { if (relatedTarget !== null) hasFocus.current = false; }}
    aria-label="Events, newest first. Down and Up go from link to link.">
    ${lines.length === 0 && html`<li class="hint">No such event.</li>`}
    ${lines.map(({ event, nodes, first }) => html`<li key=${first} class=${classOf(event)}>
      <time>${time(event.us)}</time><span>${parts(event, nodes)}</span></li>`)}
  </ol>`;
}

function parts(event, nodes) {
  return sentence(event, nodes).map((part) => (typeof part === 'string' ? part
    : html`<${Link} to=${part} onSelect=${select} tabindex=${-1}>${part.text}<//>`));
}

/** The list is one stop of the keyboard, however many links are in it. */
function onKeyDown(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const links = [...event.currentTarget.querySelectorAll('.link')];
  const at = links.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  (links[Math.min(to, links.length - 1)] ?? event.currentTarget).focus();
}

function classOf({ type, left, groups }) {
  if (type === 'tip' && left.length > 0) return 'reorganised';
  if (type === 'network' && groups.length > 0) return 'parted';
  return `of-${type}`;
}

/** Returns the last events before the moment shown that meet all filters, newest first. */
function found() {
  const seen = tape();
  const { types, test } = KINDS.find(({ id }) => id === kind.value);
  const number = node.value === 'all' ? null : Number(node.value);
  const words = text.value.trim().toLowerCase();
  const lines = [];
  const from = position();
  const until = Math.max(seen.first, from - MOST_SEARCHED);
  for (let at = from - 1; at >= until && lines.length < MOST_LINES; at -= 1) {
    const event = seen.entry(at);
    if (event.type === 'state' || (types !== null && !types.includes(event.type))) continue;
    if (test !== undefined && !test(event)) continue;
    if (number !== null && !concerns(event, number)) continue;
    if (words !== '' && !isAbout(event, words)) continue;
    add(lines, event);
  }
  return lines;
}

/**
 * Adds an event. What several nodes do one after the other with one block or payment is one line, whose `first` is the
 * number of its oldest event: it stays while newer ones join.
 */
function add(lines, event) {
  const key = groupOf(event);
  const line = key === null ? undefined : lines.slice(-NEAR_LINES).find((near) => near.key === key);
  if (line === undefined) lines.push({ event, key, nodes: [event.node], first: event.seq });
  else {
    line.first = event.seq;
    if (!line.nodes.includes(event.node)) line.nodes.push(event.node);
  }
}

function groupOf({ type, hash, txid, why, left }) {
  if (type === 'tip') return `tip ${hash} ${left[0] ?? ''}`;
  if (type === 'tx') return `tx ${txid}`;
  return type === 'gone' ? `gone ${txid} ${why}` : null;
}

function concerns(event, number) {
  return [event.node, event.from, event.miner].includes(number)
    || event.to === number || (Array.isArray(event.to) && event.to.includes(number));
}

/** Whole hashes are found too, not only their first digits. */
function isAbout(event, words) {
  const written = sentence(event).map((part) => part.text ?? part).join('').toLowerCase();
  return written.includes(words) || [event.hash, event.txid, event.about].some((id) => id?.startsWith(words));
}
