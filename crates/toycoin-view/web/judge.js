// Which rules a changed header breaks, as far as a page can tell from the header, its parent and the limit.

import { TIME_LIMIT } from './header.js';
import { meets, targetOf } from './target.js';

/**
 * Returns the numbers of the broken rules, in the order in which a node judges them; the first is the one it reports.
 *
 * `header` and `original` are fields by name, `hash` is that of `header`. The original is taken to be valid, so a root
 * or bits that differ from it are wrong. `parent` is the parent's height and time, or null if they are not known;
 * `limit` is the network's easiest target, or null.
 */
export function brokenRules({ header, original, hash, parent, limit }) {
  const { target } = targetOf(Number(header.bits));
  const checks = [
    [6, header.version !== 1n],
    [7, target === undefined || (limit !== null && target > limit)],
    [8, header.previous !== original.previous],
    [9, header.height !== original.height],
    [10, header.bits !== original.bits],
    [11, target === undefined || !meets(hash, target)],
    [12, parent !== null && header.time <= BigInt(parent.time)],
    [13, header.time >= TIME_LIMIT],
    [15, header.merkle_root !== original.merkle_root],
    [16, header.height !== original.height],
    [32, header.state_root !== original.state_root],
  ];
  // a block of another parent is judged against that parent's height and time, which this page does not know
  const known = (rule) => header.previous === original.previous || ![9, 10, 12].includes(rule);
  return checks.filter(([rule, broken]) => broken && known(rule)).map(([rule]) => rule);
}
