// Icons: drawn, because fonts differ in what signs they have.

import { html } from 'htm/preact';

const PATHS = {
  play: 'M4 2.5V13.5L13 8Z',
  pause: 'M3.5 2.5H6.5V13.5H3.5ZM9.5 2.5H12.5V13.5H9.5Z',
  step: 'M3 2.5V13.5L10.5 8ZM11 2.5H13.5V13.5H11Z',
  begin: 'M2.5 2.5H5V13.5H2.5ZM13 2.5V13.5L5.5 8Z',
  before: 'M11.5 2.5V13.5L3.5 8Z',
  next: 'M4.5 2.5V13.5L12.5 8Z',
  replay: 'M8 2.5A5.5 5.5 0 1 1 2.9 6L1 5.4L4.6 2.2L6.4 6.9L4.6 6.4A3.7 3.7 0 1 0 8 4.3Z',
  more: 'M3 5.5H13L8 11.5Z',
  close: 'M3.8 2.4L8 6.6L12.2 2.4L13.6 3.8L9.4 8L13.6 12.2L12.2 13.6L8 9.4L3.8 13.6L2.4 12.2L6.6 8L2.4 3.8Z',
  auto: 'M8 1.5A6.5 6.5 0 1 1 8 14.5A6.5 6.5 0 1 1 8 1.5ZM8 3.3V12.7A4.7 4.7 0 0 0 8 3.3Z',
  light: 'M8 4A4 4 0 1 1 8 12A4 4 0 1 1 8 4ZM7.2 0H8.8V2.6H7.2Z'
    + 'M7.2 13.4H8.8V16H7.2ZM0 7.2H2.6V8.8H0ZM13.4 7.2H16V8.8H13.4Z',
  dark: 'M6.5 1.6A6.6 6.6 0 1 0 14.4 9.5A5.6 5.6 0 0 1 6.5 1.6Z',
};

/** An icon in the colour of the text. It says nothing to screen readers: the text beside it does. */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path fill-rule="evenodd" d=${PATHS[name]} /></svg>`;
}
