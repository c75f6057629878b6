// Dialogs: one at a time, opened by a signal, closed by Escape, the button, or a click beside it.

import { html } from 'htm/preact';
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.js';

/** The name of the dialog that is open. */
export const openDialog = signal(null);

export function closeDialog() {
  openDialog.value = null;
}

/** A modal dialog that is shown while `openDialog` is its name. */
export function Dialog({ name, title, children }) {
  const isOpen = openDialog.value === name;
  return isOpen && html`<${Modal} name=${name} title=${title}>${children}<//>`;
}

function Modal({ name, title, children }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    // what is asked for, rather than the button that closes
    element.current.querySelector('form select, form input')?.focus();
    return () => before?.focus?.();
  }, []);
  const onClick = (event) => { if (event.target === element.current) closeDialog(); };
  return html`<dialog ref=${element} aria-labelledby=${`dialog-${name}`} onClose=${closeDialog} onClick=${onClick}>
    <div class="dialog">
      <header><h2 id=${`dialog-${name}`}>${title}</h2>
        <button type="button" class="plain" aria-label="Close" onClick=${closeDialog}>
          <${Icon} name="close" /></button></header>
      ${children}
    </div>
  </dialog>`;
}

/** A labelled field of a form. */
export function Field({ label, hint, children }) {
  return html`<label class="field"><span>${label}${hint && html` <small>${hint}</small>`}</span>${children}</label>`;
}

/** A choice among the nodes. */
export function NodeSelect({ nodes, value, onChange, label, also = [] }) {
  const choose = (event) => onChange(event.target.value);
  return html`<select aria-label=${label} value=${String(value)} onChange=${choose}>
    ${also.map(([id, name]) => html`<option key=${id} value=${id}>${name}</option>`)}
    ${nodes.map(({ node, name }) => html`<option key=${node} value=${String(node)}>${name}</option>`)}
  </select>`;
}
