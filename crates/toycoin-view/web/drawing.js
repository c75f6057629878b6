// A drawing beside its table: two tabs with the same facts.

import { html } from 'htm/preact';
import { Tabs } from './panel.js';

/** `drawing` and `table` are functions that draw the same facts; `id` is unique on the page. */
export function Drawing({ id, label, name = 'Drawing', drawing, table }) {
  return html`<${Tabs} id=${id} label=${label} focusable=${false} tabs=${[
    { id: 'drawing', name, body: drawing },
    { id: 'table', name: 'Table', body: table },
  ]} />`;
}
