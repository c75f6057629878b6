// The dialog that parts the network in groups of the teacher's choice.

import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { part } from './commands.js';
import { closeDialog, Dialog, Field } from './dialog.js';
import { halves, parse, written } from './grouping.js';
import { nodes } from './store.js';

export function Groups() {
  return html`<${Dialog} name="groups" title="Part in groups"><${Form} /><//>`;
}

function Form() {
  const count = nodes.value.length;
  const all = [...Array(count).keys()];
  const [text, setText] = useState(written(halves(count)));
  const { groups, error } = parse(text, count);

  function onSubmit(event) {
    event.preventDefault();
    if (error !== null) return;
    part(groups);
    closeDialog();
  }

  const presets = [
    ['Halves', halves(count)],
    ['Node 0 alone', [[0], all.slice(1)]],
    ['Thirds', [0, 1, 2].map((third) => all.filter((node) => node % 3 === third))],
    ['Everyone alone', all.map((node) => [node])],
  ].filter(([, list]) => list.every((group) => group.length > 0));
  return html`<form onSubmit=${onSubmit}>
    <p>Nothing passes between two groups. Nodes in none of them are one more group.</p>
    <div class="row">${presets.map(([name, list]) => html`
      <button key=${name} type="button" onClick=${() => setText(written(list))}>${name}</button>`)}</div>
    <${Field} label="Groups" hint="node numbers, with | between the groups">
      <input type="text" value=${text} onInput=${(event) => setText(event.target.value)} spellcheck="false" /><//>
    <p class="form-error" role="alert">${error}</p>
    <footer><button type="submit" class="primary" disabled=${error !== null}>Part</button>
      <button type="button" onClick=${closeDialog}>Cancel</button></footer>
  </form>`;
}
