// The dialog of faults: what can go wrong at a node, and what does at the moment.

import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { beginFault, endFault, obstacle } from './commands.js';
import { Button } from './button.js';
import { Dialog, Field, NodeSelect } from './dialog.js';
import { nodes, state } from './store.js';

const NUMBER = (name, label, hint, value, min, step = 1) => ({ name, label, hint, value, min, step });

const KINDS = [
  { kind: 'SlowLink', text: 'Its links become slow.', fields: [
    NUMBER('bandwidth', 'Bandwidth', 'bytes per second', 20_000, 1),
    NUMBER('latency', 'Latency', 'times the usual', 20, 1)] },
  { kind: 'LossyLink', text: 'Its links lose every third write.', fields: [] },
  { kind: 'CarelessRelay', text: 'Relays drop, duplicate and reorder the messages for it.', fields: [] },
  { kind: 'ClockSkew', text: 'Its clock is off.', fields: [
    NUMBER('offset_ms', 'Ahead by', 'milliseconds; negative: behind', 60_000)] },
  { kind: 'HashBurst', text: 'Its hash rate is multiplied.', fields: [
    NUMBER('factor', 'Factor', '', 10, 0, 'any')] },
  { kind: 'Crash', text: 'It crashes, and restarts when the fault ends.', fields: [
    { name: 'lose_tail', label: 'It loses what it had not synced to disk', value: false }] },
  { kind: 'Eclipse', text: 'No message passes between it and the others.', fields: [] },
  { kind: 'RelayRestart', text: 'The relay goes down until the fault ends.', fields: [
    NUMBER('relay', 'Relay', 'number', 0, 0)], isRelay: true },
];

export function Faults() {
  return html`<${Dialog} name="faults" title="Faults"><${Lasting} /><${Form} /><//>`;
}

/** Splits the name of a kind in words: "SlowLink" is "Slow link". */
export const faultInWords = (kind) =>
  kind.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function Lasting() {
  const { faults } = state.value;
  if (faults.length === 0) return html`<p>Nothing is broken at the moment.</p>`;
  return html`<ul class="plain-list">${faults.map(({ id, kind, node }) => html`
    <li key=${id} class="row">${faultInWords(kind)}${node === undefined ? '' : ` at node ${node}`}
      <${Button} obstacle=${obstacle.value} onClick=${() => endFault(id)}>End<//></li>`)}</ul>`;
}

function Form() {
  const [name, setName] = useState(KINDS[0].kind);
  const [node, setNode] = useState('0');
  const [values, setValues] = useState({});
  const [refusal, setRefusal] = useState('');
  const { kind, text, fields, isRelay } = KINDS.find((known) => known.kind === name);

  async function onSubmit(event) {
    event.preventDefault();
    const chosen = Object.fromEntries(fields.map((field) => [field.name, values[field.name] ?? field.value]));
    try {
      await beginFault({ kind, ...(isRelay ? {} : { node: Number(node) }), ...chosen });
      setRefusal('');
    } catch (failure) {
      setRefusal(failure.detail);
    }
  }

  const set = (field, value) => setValues({ ...values, [field]: value });
  return html`<form onSubmit=${onSubmit}>
    <${Field} label="Fault"><select value=${name} onChange=${(event) => setName(event.target.value)}>
      ${KINDS.map((known) => html`<option key=${known.kind} value=${known.kind}>${faultInWords(known.kind)}</option>`)}
    </select><//>
    <p>${text}</p>
    ${!isRelay && html`<${Field} label="Node">
      <${NodeSelect} nodes=${nodes.value} value=${node} onChange=${setNode} /><//>`}
    ${fields.map((field) => (typeof field.value === 'boolean'
      ? html`<label key=${field.name} class="row"><input type="checkbox" checked=${values[field.name] ?? field.value}
          onChange=${(event) => set(field.name, event.target.checked)} /> ${field.label}</label>`
      : html`<${Field} key=${field.name} label=${field.label} hint=${field.hint}>
          <input type="number" required min=${field.min} step=${field.step} value=${values[field.name] ?? field.value}
            onInput=${(event) => set(field.name, event.target.valueAsNumber)} /><//>`))}
    <p class="form-error" role="alert">${refusal}</p>
    <footer><button type="submit" class="primary">Begin</button></footer>
  </form>`;
}
