// BLAKE3 in the page, loaded when something first wants to hash.

import { signal } from '@preact/signals';

/** The function, once it is loaded; `null` until then. */
export const blake3 = signal(null);
/** Whether it cannot be loaded. */
export const hashingFailed = signal(false);

let asked = false;

/** Loads BLAKE3, if nobody has yet. */
export async function loadBlake3() {
  if (asked) return;
  asked = true;
  try {
    blake3.value = (await import('@noble/hashes/blake3.js')).blake3;
  } catch {
    hashingFailed.value = true;
  }
}
