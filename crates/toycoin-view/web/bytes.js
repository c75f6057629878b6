// The 128 bytes of a header, coloured by field, and the hash that the page computes of them.

import { html } from 'htm/preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Compare, verdict } from './compare.js';
import { blake3, hashingFailed, loadBlake3 } from './hashing.js';
import {
  FIELDS, HEADER_BYTES, fieldAt, fieldNamed, headerBytes, hexOf, readField, withField,
} from './header.js';
import { Trial } from './trial.js';
import { BlockLink, Facts, Missing, Rule, Scroll, Waiting, useApi, utc } from './parts.js';
import { Ruler } from './ruler.js';
import { byHash, state } from './store.js';
import { numberOf, rarity, targetOf } from './target.js';

const NONE = new Set();
const STEPS = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };

/** A block's header as bytes. */
export function HeaderBytes({ hash }) {
  const answer = useApi(`/block/${hash}/header`);
  useEffect(() => { loadBlake3(); }, []);
  if (answer.data !== undefined) return html`<${Bytes} hash=${hash} hex=${answer.data} />`;
  const seen = byHash.value.get(hash);
  return html`<${Waiting} answer=${answer} what="whole header" />
    ${answer.failure !== undefined && seen !== undefined && html`<${Part} block=${seen} />`}`;
}

/** What an event tells of a header: some of its fields, and what they demand of the hash. */
function Part({ block }) {
  const [lit, setLit] = useState('previous');
  const { bytes, unknown } = useMemo(() => partOf(block), [block]);
  const { target } = targetOf(block.bits);
  return html`<h3>Header of block <${BlockLink} hash=${block.hash} /></h3><div class="header-bytes">
    <${Grid} bytes=${bytes} original=${bytes} unknown=${unknown} lit=${lit} setLit=${setLit} />
    <${FieldTable} bytes=${bytes} original=${bytes} unknown=${unknown} lit=${lit} setLit=${setLit} /></div>
    <${Compare} hash=${block.hash} target=${target} />
    <p class="verdict">${verdict(block.hash, target)}</p>
    ${target !== undefined && html`
      <${Ruler} target=${rarity(target)} current=${rarity(numberOf(block.hash))} tries=${[]} />`}`;
}

/** Returns the header's bytes as far as a block's event has them, and the names of the fields that it does not have. */
function partOf({ prev, bits, height, time }) {
  const known = { previous: prev, bits: BigInt(bits), height: BigInt(height), time: BigInt(time), version: 1n };
  let bytes = new Uint8Array(HEADER_BYTES);
  for (const [name, value] of Object.entries(known)) bytes = withField(bytes, fieldNamed(name), value);
  return { bytes, unknown: new Set(FIELDS.map(({ name }) => name).filter((name) => !(name in known))) };
}

function Bytes({ hash, hex }) {
  const original = useMemo(() => headerBytes(hex), [hex]);
  const [bytes, setBytes] = useState(original);
  const [lit, setLit] = useState('previous');
  const computed = useMemo(() => blake3.value && hexOf(blake3.value(original)), [original, blake3.value]);
  return html`<h3>Header of block <${BlockLink} hash=${hash} /></h3><div class="header-bytes">
    <div class="byte-side">
      <${Grid} bytes=${bytes} original=${original} lit=${lit} setLit=${setLit} />
      <${Check} hash=${hash} computed=${computed} />
    </div>
    <${FieldTable} bytes=${bytes} original=${original} lit=${lit} setLit=${setLit} />
  </div>
  ${blake3.value !== null && html`<${Trial} hash=${hash} bytes=${bytes} original=${original} change=${setBytes}
    lit=${setLit} exempt=${hash === state.value.network.genesis} />`}`;
}

/** The bytes in their order. The table beside it has the same facts for readers. */
function Grid({ bytes, original, unknown = NONE, lit, setLit }) {
  const half = (from, name) => html`<figure class="byte-block" key=${name}>
    <div class="byte-grid">${Array.from(bytes.subarray(from, from + 64), (byte, index) => {
      const at = from + index;
      const field = fieldAt(at);
      return html`<span key=${at} class=${`byte f-${field.name} ${field.name === lit ? 'lit' : ''} ${
        byte === original[at] ? '' : 'changed'} ${at === field.at ? 'first' : ''}`}
        onMouseEnter=${() => setLit(field.name)}>${unknown.has(field.name) ? '··' : hexOf([byte])}</span>`;
    })}</div><figcaption>${name}</figcaption></figure>`;
  return html`<div class="byte-blocks" aria-hidden="true">
    ${half(0, 'Bytes 0 to 63: the first block of BLAKE3')}
    ${half(64, 'Bytes 64 to 127: the second block, with the nonce at its end')}</div>`;
}

function FieldTable({ bytes, original, unknown = NONE, lit, setLit }) {
  const body = useRef(null);
  const onKeyDown = (event) => {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    const at = FIELDS.findIndex(({ name }) => name === lit) + STEPS[event.key];
    const next = FIELDS[(at + FIELDS.length) % FIELDS.length];
    setLit(next.name);
    body.current.querySelector(`[data-field="${next.name}"]`).focus();
  };
  return html`<${Scroll} label="Fields of the header" class="field-table"><table>
    <thead><tr><th scope="col">Field, bytes</th><th scope="col">Value</th></tr></thead>
    <tbody ref=${body} onKeyDown=${onKeyDown}>${FIELDS.map((field) => html`<${FieldRow} key=${field.name} field=${field}
      bytes=${bytes} original=${original} unknown=${unknown.has(field.name)} lit=${field.name === lit}
      light=${() => setLit(field.name)} />`)}</tbody>
    </table></${Scroll}>`;
}

function FieldRow({ field, bytes, original, unknown, lit, light }) {
  const part = hexOf(bytes.subarray(field.at, field.at + field.size));
  const changed = part !== hexOf(original.subarray(field.at, field.at + field.size));
  return html`<tr class=${`f-${field.name} ${lit ? 'lit' : ''}`} onMouseEnter=${light}>
    <th scope="row"><button type="button" class="swatch" data-field=${field.name} tabindex=${lit ? 0 : -1}
      aria-pressed=${lit} onFocus=${light} onClick=${light}>${field.label}</button>
      <span class="note">${field.at} to ${field.at + field.size - 1}</span></th>
    <td><span class="value">${unknown ? 'not known' : valueInWords(bytes, field)}</span>
      ${changed && html` <b class="mark">changed</b>`}
      ${lit && html`<span class="note">${field.meaning}${field.kind === 'number' && !unknown
        ? html` Its bytes, lowest first: <span class="hash">${part.match(/../g).join(' ')}</span>` : ''}</span>
        ${field.rules.map((number) => html`<${Rule} key=${number} number=${number} />`)}`}</td></tr>`;
}

function valueInWords(bytes, field) {
  const value = readField(bytes, field);
  if (field.kind === 'hash') return html`<span class="hash">${value}</span>`;
  if (field.name === 'bits') return html`<span class="hash">0x${value.toString(16).padStart(8, '0')}</span>`;
  if (field.name === 'time') return html`${value.toString()}<span class="note">${utc(value)}</span>`;
  return value.toLocaleString('en');
}

function Check({ hash, computed }) {
  if (hashingFailed.value) return html`<${Missing}>This page could not load BLAKE3. It computes no hash.</${Missing}>`;
  if (computed === null) return html`<${Missing}>Loading BLAKE3 …</${Missing}>`;
  const same = computed === hash;
  return html`<div class=${`check ${same ? 'good' : 'bad'}`}><${Facts} rows=${[
    { label: 'The node says', value: html`<span class="hash">${hash}</span>` },
    { label: 'Your browser says', value: html`<span class="hash computed-hash">${computed}</span>` },
  ]} /><p class="verdict">${same ? '✓ Your browser computes the same hash from these bytes.'
    : '✗ Your browser computes another hash. One of the two is wrong.'}</p></div>`;
}
