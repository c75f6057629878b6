// What the page knows of a network by its name, because no event carries it.

import { targetOf } from './target.js';

const KNOWN = {
  lab: { limitBits: 0x1f010000, halfLife: 20 },
  simulation: { limitBits: 0x207fffff, halfLife: 20 },
  reference: { limitBits: 0x1d00ffff, halfLife: 144 },
  regtest: { limitBits: 0x207fffff, halfLife: null },
};

/** Returns the network's easiest target, or null for a network that the page does not know. */
export function limitOf({ name }) {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : null;
  return known === null ? null : targetOf(known.limitBits).target;
}

/** Returns the half-life of the difficulty in milliseconds, or null if it never changes or is not known. */
export function halfLifeOf({ name, spacing_ms: spacing }) {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : null;
  // the known networks state it as a multiple of their spacing
  return known === null || known.halfLife === null || spacing === 0 ? null : known.halfLife * spacing;
}
