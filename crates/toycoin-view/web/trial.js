// A header to try things on: change a field, and see the new hash, the target and the rules that are broken now.

import { html } from 'htm/preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Compare, verdict } from './compare.js';
import { blake3 } from './hashing.js';
import { FIELDS, fieldNamed, hexOf, parseField, readField, readHeader, withField } from './header.js';
import { brokenRules } from './judge.js';
import { limitOf } from './networks.js';
import { Rule } from './parts.js';
import { Ruler } from './ruler.js';
import { byHash, state } from './store.js';
import { bitsApart, meets, numberOf, rarity, targetOf, workOf } from './target.js';
import { count } from './words.js';

/** Longest time that a search computes before it lets the page draw. */
const SLICE_MS = 12;
const KEPT_TRIES = 120;
const NONCE = fieldNamed('nonce');
const MOST_NONCES = 1n << 64n;

/** Changes to a header. `bytes` is the header as changed, `change` sets it. */
export function Trial({ hash: original, bytes, original: originalBytes, change, lit, exempt }) {
  const hash = useMemo(() => hexOf(blake3.value(bytes)), [bytes]);
  const header = readHeader(bytes);
  const { target } = targetOf(Number(header.bits));
  const [tries, setTries] = useState([]);
  const addTries = (more) => setTries((kept) => [...kept, ...more].slice(-KEPT_TRIES));
  const set = (next) => {
    change(next);
    addTries([tryOf(next, target)]);
  };
  const parent = byHash.value.get(header.previous) ?? null;
  const broken = exempt ? [] : brokenRules({
    header, original: readHeader(originalBytes), hash, parent, limit: limitOf(state.value.network),
  });
  return html`<section class="trial" aria-label="Try a header">
    <h4>Try it: change the header</h4>
    <p class="note">A changed bit changes the whole hash. Nobody can tell how, so a miner can only try.</p>
    <${Editor} bytes=${bytes} set=${set} lit=${lit} />
    <${Search} bytes=${bytes} target=${target} change=${change} add=${addTries} reset=${bytes === originalBytes ? null
      : () => { change(originalBytes); setTries([]); }} />
    <${Compare} hash=${hash} target=${target} />
    <p class="verdict" role="status">${hash === original ? 'This is the real header.'
      : `${bitsApart(hash, original)} of 256 bits differ from the real hash.`} ${verdict(hash, target)}</p>
    ${target !== undefined && html`
      <${Ruler} target=${rarity(target)} current=${rarity(numberOf(hash))} tries=${tries} />`}
    <${Broken} broken=${broken} exempt=${exempt} />
  </section>`;
}

function tryOf(bytes, target) {
  const hash = hexOf(blake3.value(bytes));
  return {
    nonce: readField(bytes, NONCE), hash, rarity: rarity(numberOf(hash)),
    met: target !== undefined && meets(hash, target),
  };
}

function Editor({ bytes, set, lit }) {
  const [name, setName] = useState('nonce');
  const field = fieldNamed(name);
  const value = readField(bytes, field);
  const [typed, setTyped] = useState(null);
  const [fault, setFault] = useState(null);
  const put = (next) => {
    setTyped(null);
    setFault(null);
    lit(name);
    set(withField(bytes, field, next));
  };
  const read = (text) => {
    setTyped(text);
    try {
      const next = parseField(field, text);
      setFault(null);
      if (next !== value) set(withField(bytes, field, next));
    } catch (error) {
      setFault(error.message);
    }
  };
  const modulus = 1n << BigInt(8 * field.size);
  const flip = () => {
    const changed = Uint8Array.from(bytes);
    changed[field.at + Math.floor(Math.random() * field.size)] ^= 1 << Math.floor(Math.random() * 8);
    put(readField(changed, field));
  };
  return html`<div class="editor">
    <label>Field <select value=${name} onChange=${(event) => {
      setName(event.target.value);
      setTyped(null);
      setFault(null);
      lit(event.target.value);
    }}>${FIELDS.map((each) => html`
      <option key=${each.name} value=${each.name}>${each.label}</option>`)}</select></label>
    <label class="grow">Value <input type="text" spellcheck="false" autocomplete="off"
      value=${typed ?? value.toString()} aria-invalid=${fault !== null}
      onInput=${(event) => read(event.target.value)} onBlur=${() => { setTyped(null); setFault(null); }} /></label>
    ${field.kind === 'number' && html`
      <button type="button" onClick=${() => put((value + modulus - 1n) % modulus)}>−1</button>
      <button type="button" onClick=${() => put((value + 1n) % modulus)}>+1</button>`}
    <button type="button" onClick=${flip}>Flip a bit</button>
    ${fault !== null && html`<p class="fault" role="alert">${fault}</p>`}</div>`;
}

/** Searches for a nonce as a miner does, in slices, so that the page stays alive. */
function Search({ bytes, target, change, add, reset }) {
  const [run, setRun] = useState(null);
  const timer = useRef(0);
  const stop = () => {
    clearTimeout(timer.current);
    setRun((now) => now && { ...now, running: false });
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const begin = () => {
    const copy = Uint8Array.from(bytes);
    let nonce = readField(copy, NONCE);
    let [tried, best] = [0, 0];
    const began = performance.now();
    const slice = () => {
      const ends = performance.now() + SLICE_MS;
      // the first ones are all shown, later ones once per slice
      const first = [];
      let last;
      let found = false;
      do {
        nonce = (nonce + 1n) % MOST_NONCES;
        copy.set(withField(copy, NONCE, nonce));
        last = tryOf(copy, target);
        tried += 1;
        best = Math.max(best, last.rarity);
        if (tried <= KEPT_TRIES) first.push(last);
        found = last.met;
      } while (!found && performance.now() < ends);
      change(Uint8Array.from(copy));
      add(first.length === 0 ? [last] : first);
      setRun({ running: !found, found, tried, best, ms: performance.now() - began });
      if (!found) timer.current = setTimeout(slice, 0);
    };
    slice();
  };
  const back = html`<button type="button" disabled=${reset === null} onClick=${() => {
    stop();
    setRun(null);
    reset();
  }}>Back to the real header</button>`;
  if (target === undefined) return html`<div class="search">${back}</div>`;
  const expected = count(workOf(target), 'hash', 'hashes');
  return html`<div class="search"><button type="button" onClick=${run?.running ? stop : begin}>
    ${run?.running ? 'Stop the search' : 'Search for a nonce'}</button>
    ${back}<span>${run === null ? `On average it takes ${expected}.` : report(run, expected)}</span></div>`;
}

function report({ tried, ms, best, found }, expected) {
  const effort = `${tried.toLocaleString('en')} tried in ${(ms / 1000).toFixed(1)} s, the average is ${expected}`;
  return found ? `Found a nonce: ${effort}.` : `${effort}. The rarest hash so far: ${best.toFixed(1)} bits.`;
}

function Broken({ broken, exempt }) {
  if (exempt) return html`<p>Genesis is part of the network: nobody judges its header.</p>`;
  if (broken.length === 0) return html`<p class="good">✓ As far as a header tells, it breaks no rule.</p>`;
  return html`<p class="bad">✗ A node refuses it. It reports the first of:</p>
    <ul class="broken">${broken.map((number) => html`<li key=${number}><${Rule} number=${number} /></li>`)}</ul>`;
}
