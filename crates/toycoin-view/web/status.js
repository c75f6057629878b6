// The status line: what happened last, in words, for eyes and for screen readers.
//
// A reader is interrupted at most every 2 s. A remark stands for 6 s, then the line says again how the chain is.

import { computed, signal } from '@preact/signals';

const EVERY_MS = 2_000;
const REMARK_MS = 6_000;

/** What the line says. */
export const status = signal('');

const remark = signal(null);
const summary = signal('');
const wanted = computed(() => remark.value ?? summary.value);
let changedAt = -Infinity;
let timer = 0;
let ends = 0;

/** Says something to the people at the page. */
export function say(text) {
  remark.value = text;
  clearTimeout(ends);
  ends = setTimeout(() => { remark.value = null; }, REMARK_MS);
}

/** Sets what the line says while there is nothing else to say. */
export function summarise(text) {
  summary.value = text;
}

wanted.subscribe(() => {
  if (timer !== 0) return;
  const wait = Math.max(0, changedAt + EVERY_MS - performance.now());
  timer = setTimeout(() => {
    timer = 0;
    changedAt = performance.now();
    status.value = wanted.peek();
  }, wait);
});
