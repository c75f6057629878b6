// The dialog that makes one node's wallet pay another's.

import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { pay } from './commands.js';
import { closeDialog, Dialog, Field, NodeSelect } from './dialog.js';
import { nodes, select } from './store.js';
import { say } from './status.js';
import { short } from './words.js';

export function Pay() {
  return html`<${Dialog} name="pay" title="Pay"><${Form} /><//>`;
}

function Form() {
  const [from, setFrom] = useState('0');
  const [to, setTo] = useState(nodes.value.length > 1 ? '1' : '0');
  const [value, setValue] = useState(1_000);
  const [fee, setFee] = useState(500);
  const [refusal, setRefusal] = useState('');

  async function onSubmit(event) {
    event.preventDefault();
    try {
      const { txid } = await pay({ from: Number(from), to: Number(to), value, fee });
      closeDialog();
      select('tx', txid);
      say(`Node ${from} pays node ${to}: payment ${short(txid)} waits for a block.`);
    } catch (failure) {
      setRefusal(failure.detail);
    }
  }

  const number = (set) => (event) => set(event.target.valueAsNumber);
  return html`<form onSubmit=${onSubmit}>
    <${Field} label="From"><${NodeSelect} nodes=${nodes.value} value=${from} onChange=${setFrom} /><//>
    <${Field} label="To"><${NodeSelect} nodes=${nodes.value} value=${to} onChange=${setTo} /><//>
    <${Field} label="Amount" hint="grains">
      <input type="number" required min="1" step="1" value=${value} onInput=${number(setValue)} /><//>
    <${Field} label="Fee" hint="grains; miners prefer a high fee per byte">
      <input type="number" required min="0" step="1" value=${fee} onInput=${number(setFee)} /><//>
    <p class="form-error" role="alert">${refusal}</p>
    <footer><button type="submit" class="primary">Pay</button>
      <button type="button" onClick=${closeDialog}>Cancel</button></footer>
  </form>`;
}
