// A hash beside its target, digit by digit.

import { html } from 'htm/preact';
import { digitsOf, meets } from './target.js';

/** Says whether a hash meets a target, which is undefined if the bits are none. */
export function verdict(hash, target) {
  if (target === undefined) return 'The bits are no target, so no hash meets it.';
  return meets(hash, target) ? 'The hash is at most the target: it has proof of work.'
    : 'The hash is above the target: it has no proof of work.';
}

/** The digits of target and hash, one above the other. The first one that differs decides. */
export function Compare({ hash, target }) {
  if (target === undefined) return null;
  const digits = digitsOf(target);
  let same = 0;
  while (same < 63 && hash[same] === digits[same]) same += 1;
  const met = meets(hash, target);
  const row = (name, text, from) => html`<span class="digit-name">${name}</span><span class="digits">
    ${Array.from(text.slice(from, from + 32), (digit, index) => {
      const at = from + index;
      const kind = at < same ? 'same' : at === same ? 'decides' : 'after';
      return html`<span key=${at} class=${`${kind} ${digit === '0' && /^0*$/.test(text.slice(0, at)) ? 'zero' : ''}`}>${
        digit}</span>`;
    })}</span>`;
  return html`<div class=${`compare ${met ? 'met' : 'missed'}`} aria-hidden="true">${[0, 32].map((from) => html`
    <div class="digit-rows" key=${from}>${row(from === 0 ? 'target' : '', digits, from)}
      ${row(from === 0 ? 'hash' : '', hash, from)}</div>`)}</div>`;
}

