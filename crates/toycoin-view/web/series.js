// What the charts show, as numbers: from the blocks of the active chain and from the nodes. No drawing.

import { targetOf, workOf } from './target.js';

/** Blocks over which the chain's hash rate is averaged. */
export const RATE_BLOCKS = 10;

/** Returns the chain that ends with a tip, as far down as its blocks are known, the lowest first. */
export function chainOf(byHash, tip) {
  const chain = [];
  for (let block = byHash.get(tip); block !== undefined; block = byHash.get(block.prev)) chain.push(block);
  return chain.reverse();
}

/** Returns how many hashes a block with these bits takes on average, as a double; null if they are no target. */
export function hashesFor(bits) {
  const { target } = targetOf(bits);
  return target === undefined ? null : Number(workOf(target));
}

/**
 * Returns the path of the ideal exponential that ASERT follows in whole numbers, rounded at each block: the hashes
 * that each block of the chain should take on average. It begins with the first block's own. All times in milliseconds.
 *
 * `halfLife` is null where the difficulty never changes or the half-life is not known: then there is no path.
 */
export function idealPath(chain, spacing, halfLife, limit) {
  if (halfLife === null || chain.length === 0) return null;
  const least = limit === null ? 1 : Number(workOf(limit));
  let hashes = hashesFor(chain[0].bits);
  return chain.map(({ height }, index) => {
    // block N follows the time between its parent and its grandparent; blocks 1 and 2 have the genesis bits
    if (index >= 2 && height >= 3) {
      const elapsed = Math.min(chain[index - 1].time - chain[index - 2].time, 2 * halfLife);
      hashes = Math.max(least, hashes * 2 ** ((spacing - elapsed) / halfLife));
    } else if (index === 1) {
      hashes = hashesFor(chain[1].bits);
    }
    return hashes;
  });
}

/**
 * Returns the hashes per second that each block's chain tells: the work of the last blocks over their time. It is null
 * for the first of the chain, and where no time passed. Genesis does not count: nobody mined it, at no known time.
 */
export function chainRate(chain, blocks = RATE_BLOCKS) {
  return chain.map((block, index) => {
    const before = chain[index - blocks];
    if (before === undefined || before.height === 0 || block.time <= before.time) return null;
    const work = BigInt(`0x${block.work}`) - BigInt(`0x${before.work}`);
    return Number(work) / ((block.time - before.time) / 1000);
  });
}

/**
 * Returns what each miner has on the chain and beside it, ordered by number, those that are no node last:
 * `{ miner, active, stale, fees }`. Genesis has no miner.
 */
export function minersOf(blocks, chain, genesis) {
  const active = new Set(chain.map(({ hash }) => hash));
  const found = new Map();
  for (const { hash, miner, fees } of blocks) {
    if (hash === genesis) continue;
    const entry = found.get(miner) ?? { miner, active: 0, stale: 0, fees: 0 };
    found.set(miner, entry);
    if (active.has(hash)) {
      entry.active += 1;
      entry.fees += fees;
    } else {
      entry.stale += 1;
    }
  }
  return [...found.values()].sort((a, b) => (a.miner ?? Infinity) - (b.miner ?? Infinity));
}

/** Returns for each of the miners how many blocks of the chain are its own, block by block. */
export function minedSoFar(chain, miners, genesis) {
  const counts = new Map(miners.map(({ miner }) => [miner, 0]));
  const paths = new Map(miners.map(({ miner }) => [miner, []]));
  for (const { hash, miner } of chain) {
    if (hash !== genesis) counts.set(miner, counts.get(miner) + 1);
    for (const [each, path] of paths) path.push(counts.get(each));
  }
  return paths;
}

/** Returns, for each time of the chain, the last sample that is not after it; undefined before the first. */
export function samplesAt(times, samples) {
  let at = -1;
  return times.map((time) => {
    while (at + 1 < samples.length && samples[at + 1].time <= time) at += 1;
    return samples[at];
  });
}
