// The dialog that parts the network in groups of the teacher's choice.

import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { halves, part } from './commands.js';
import { closeDialog, Dialog, Field } from './dialog.js';
import { nodes } from './store.js';
import { groupsInWords } from './words.js';

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

const written = (groups) => groupsInWords(groups).replaceAll('–', '-');

/** Reads groups such as "0-2, 4 | 3". */
export function parse(text, count) {
  const seen = new Set();
  const groups = [];
  for (const part of text.split('|')) {
    const group = [];
    for (const item of part.split(/[\s,]+/).filter((word) => word !== '')) {
      const range = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(item);
      if (range === null) return { groups, error: `“${item}” is no node number.` };
      const from = Number(range[1]);
      const to = Number(range[2] ?? range[1]);
      if (from >= count || to >= count) return { groups, error: `The last node is node ${count - 1}.` };
      for (let node = from; node <= to; node += 1) {
        if (seen.has(node)) return { groups, error: `Node ${node} is in two groups.` };
        seen.add(node);
        group.push(node);
      }
    }
    if (group.length > 0) groups.push(group);
  }
  return { groups, error: groups.length === 0 ? 'Name at least one node.' : null };
}
