// Keys: single letters for a teacher at the projector, and the dialog that lists them.
//
// They do nothing while a field, a button or a slider has the focus, and can be switched off (WCAG 2.1.4).

import { html } from 'htm/preact';
import { changeSpeed, partObstacle, step, togglePart, togglePause } from './commands.js';
import { Dialog, openDialog } from './dialog.js';
import { closeInspector, goToInspector } from './inspector.js';
import { findInLog } from './log.js';
import { changeScale, letterKeys, scale } from './prefs.js';
import { replayReorganisation } from './reorganisation.js';
import { live } from './store.js';
import { say } from './status.js';
import { nextFork } from './tree.js';

const KEYS = [
  { key: ' ', name: 'Space', text: 'pause, or go on', act: togglePause },
  { key: '.', text: 'one event on', act: step },
  { key: '[', text: 'slower', act: () => changeSpeed(-1) },
  { key: ']', text: 'faster', act: () => changeSpeed(1) },
  { key: 'p', text: 'part the network in halves, or heal it', act: () => partOrSay() },
  { key: 'f', text: 'the next fork in the tree', act: () => nextFork() || say('There is no fork yet.') },
  { key: 'r', text: 'replay the last reorganisation slowly', act: replayReorganisation },
  { key: 'l', text: 'back to the present', act: live },
  { key: '/', text: 'find in the events', act: findInLog },
  { key: 'i', text: 'to the inspector; Escape leads back', act: goToInspector },
  { key: 'Escape', name: 'Esc', text: 'close the inspector', act: closeInspector },
  { key: '+', text: 'larger', act: () => changeScale(1) },
  { key: '-', text: 'smaller', act: () => changeScale(-1) },
  { key: '?', text: 'this list', act: () => { openDialog.value = 'help'; } },
];

const IN_THE_TREE = [
  ['←', 'parent'], ['→', 'child'], ['↑ ↓', 'another block of the same height'],
  ['Enter', 'show it in the inspector'],
];

function partOrSay() {
  if (partObstacle.peek() === null) togglePart();
  else say(partObstacle.peek());
}

/** Listens to the keys of the whole page. */
export function listenToKeys() {
  document.addEventListener('keydown', (event) => {
    if (!letterKeys.peek() || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (openDialog.peek() !== null || isTaken(event.target, event.key)) return;
    const found = KEYS.find(({ key }) => key === event.key);
    if (found === undefined) return;
    event.preventDefault();
    found.act();
  });
}

/** Whether what has the focus needs the keys itself. Blocks of the tree need no more than arrows, Enter and Space. */
function isTaken(target, key) {
  if (!(target instanceof Element)) return false;
  if (key === 'Escape') return target.closest('input, select, textarea') !== null;
  if (target.closest('.tree') !== null) return key === ' ';
  return target.closest('input, select, textarea, button, a, summary, [role="button"], [role="tab"]') !== null;
}

export function Help() {
  return html`<${Dialog} name="help" title="Keys">
    <dl class="keys">${KEYS.map(({ key, name, text }) => html`
      <div key=${key}><dt><kbd>${name ?? key}</kbd></dt><dd>${text}</dd></div>`)}</dl>
    <h3>In the tree of blocks</h3>
    <dl class="keys">${IN_THE_TREE.map(([key, text]) => html`
      <div key=${key}><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}</dl>
    <label class="row"><input type="checkbox" checked=${letterKeys.value}
      onChange=${(event) => { letterKeys.value = event.target.checked; }} /> Use single keys</label>
    <p class="row">Size ${Math.round(scale.value * 100)} %
      <button type="button" onClick=${() => changeScale(-1)} aria-label="Smaller −">−</button>
      <button type="button" onClick=${() => changeScale(1)} aria-label="Larger +">+</button></p>
  <//>`;
}
