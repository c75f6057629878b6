// Buttons that may be out of reach: they say why, to eyes and to screen readers, instead of going silent.

import { html } from 'htm/preact';
import { say } from './status.js';

/**
 * A button. With an `obstacle` (a sentence) it is disabled, stays in the order of the keyboard, and says the sentence
 * when it is pressed.
 */
export function Button({ obstacle, onClick, children, title, ...rest }) {
  const isBlocked = obstacle !== null && obstacle !== undefined;
  return html`<button type="button" ...${rest} aria-disabled=${isBlocked ? 'true' : undefined}
    title=${isBlocked ? obstacle : title} onClick=${isBlocked ? () => say(obstacle) : onClick}>${children}</button>`;
}
