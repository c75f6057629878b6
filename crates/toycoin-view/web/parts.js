// Small parts that several panels share: links to objects, rules, facts in rows, answers of the server.

import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { api, byHash, clock, connection, select } from './store.js';
import { ruleName, short } from './words.js';

const GRAINS = 100_000_000n;
const REFETCH_MS = 1_000;
const KEPT_ANSWERS = 200;
const rules = signal(new Map());
let rulesAsked = false;

/** Returns an amount of grains in toycoins, without trailing zeros. */
export function toycoins(grains) {
  const value = BigInt(grains);
  const [whole, rest] = [value / GRAINS, value % GRAINS];
  const digits = rest.toString().padStart(8, '0').replace(/0+$/, '');
  return `${whole.toLocaleString('en')}${digits === '' ? '' : `.${digits}`}`;
}

/** Returns a Unix time in milliseconds as UTC; the number itself where no calendar holds it. */
export function utc(ms) {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? `${ms} ms` : `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

/** A link to a block. */
export function BlockLink({ hash, children }) {
  const block = byHash.value.get(hash);
  const text = children ?? (block === undefined ? short(hash) : `${block.height} ${short(hash)}`);
  return html`<button type="button" class="link hash" title=${hash} onClick=${() => select('block', hash)}>
    ${text}</button>`;
}

/** A link to a transaction. */
export function TxLink({ txid, children }) {
  return html`<button type="button" class="link hash" title=${txid} onClick=${() => select('tx', txid)}>
    ${children ?? short(txid)}</button>`;
}

/** The number and the sentence of a rule. */
export function Rule({ number }) {
  if (!rulesAsked) loadRules();
  return html`<span class="rule"><b>${ruleName(number)}</b> ${rules.value.get(number)?.text ?? ''}</span>`;
}

async function loadRules() {
  rulesAsked = true;
  const embedded = document.getElementById('rules');
  try {
    const list = embedded === null
      ? await (await fetch(new URL('rules.json', import.meta.url))).json()
      : JSON.parse(embedded.textContent);
    rules.value = new Map(list.map((rule) => [rule.rule, rule]));
  } catch {
    // the numbers stand without their sentences; docs/consensus.md has them
  }
}

/** Rows of facts: each `{label, value, note, rules}`; rows without a value are left out. */
export function Facts({ rows }) {
  return html`<dl class="facts">${rows.filter(({ value }) => value !== undefined && value !== null).map((row) => html`
    <div key=${row.label}><dt>${row.label}</dt><dd>${row.value}
      ${row.note && html`<span class="note">${row.note}</span>`}
      ${row.rules?.map((number) => html`<${Rule} key=${number} number=${number} />`)}</dd></div>`)}</dl>`;
}

/** A box that scrolls by itself, reachable by keyboard. */
export function Scroll({ label, children, class: name = '' }) {
  return html`<div class=${`scroll ${name}`} role="region" aria-label=${label} tabindex="0">${children}</div>`;
}

/** Says why something is not shown. */
export const Missing = ({ children }) => html`<p class="missing">${children}</p>`;

/** Says that answers are as of now, while the page shows the past. */
export function AsOfNow() {
  if (connection.value === 'record' || clock.value.mode === 'live') return null;
  return html`<${Missing}>You look at the past. What the node adds here is as of now.</${Missing}>`;
}

const answers = new Map();

/**
 * Asks the server: `{ data, failure }`, both undefined while it has not answered. `path` may be null. When `fresh`
 * changes, it asks again, at most once a second, and the old answer stays until then.
 */
export function useApi(path, fresh = '') {
  const [, redraw] = useState(0);
  const lastAsked = useRef(0);
  useEffect(() => {
    // what never changes is asked once
    if (path === null || (fresh === '' && answers.get(path)?.data !== undefined)) return undefined;
    let live = true;
    const ask = async () => {
      lastAsked.current = performance.now();
      let answer;
      try {
        answer = { data: await api(path) };
      } catch (failure) {
        answer = { failure, data: failure.status === 0 ? answers.get(path)?.data : undefined };
      }
      answers.delete(path);
      answers.set(path, answer);
      if (answers.size > KEPT_ANSWERS) answers.delete(answers.keys().next().value);
      if (live) redraw((n) => n + 1);
    };
    const known = answers.has(path);
    const timer = setTimeout(ask, known ? Math.max(0, lastAsked.current + REFETCH_MS - performance.now()) : 0);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [path, fresh, connection.value === 'record']);
  return (path === null ? undefined : answers.get(path)) ?? {};
}

/** Says that an answer is on its way, or why there is none; nothing once it is there. */
export function Waiting({ answer, what }) {
  if (answer.data !== undefined) return null;
  if (answer.failure === undefined) return html`<${Missing}>Asking the node for ${what} …</${Missing}>`;
  const reason = String(answer.failure.detail ?? answer.failure.message);
  return html`<${Missing}>No ${what} to show. ${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.</${Missing}>`;
}
