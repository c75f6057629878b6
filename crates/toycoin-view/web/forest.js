// The forest of blocks: in which lane a block is drawn, and which heights are drawn.
//
// A block gets its lane when it is first seen, and keeps it: what a class looks at must not jump. The first child of
// a block goes on in its lane, others begin in the first free lane.

export const DRAWN_COLUMNS = 40;
/** Shortest straight run that is folded. */
const SHORTEST_FOLD = 4;

/** Assigns lanes. */
export class Lanes {
  #lanes = new Map();
  /** The last block of each lane. */
  #ends = [];

  /** Gives lanes to blocks that have none yet. Lanes that end at a tip (a set of hashes) are not free. */
  add(blocks, tips) {
    // the newest are the unknown ones, unless all are
    let first = blocks.length;
    while (first > 0 && !this.#lanes.has(blocks[first - 1].hash)) first -= 1;
    for (const block of blocks.slice(first)) this.#place(block, tips);
  }

  #place({ hash, prev, height }, tips) {
    const parent = this.#lanes.get(prev);
    const goesOn = parent !== undefined && this.#ends[parent].hash === prev;
    let lane = parent;
    if (!goesOn) {
      // one height between two branches in a lane, so that they do not look like one
      lane = this.#ends.findIndex((end) => end.height < height - 1 && !tips.has(end.hash));
      if (lane < 0) lane = this.#ends.length;
    }
    this.#lanes.set(hash, lane);
    this.#ends[lane] = { hash, height };
  }

  of(hash) {
    return this.#lanes.get(hash) ?? 0;
  }
}

/**
 * Returns the columns to draw, oldest first: `{height, blocks}`, or `{from, to, count}` for a straight run that is
 * folded. `end` is the last height (`null`: the newest), `opened` a run that is not folded, and `unfolded` the number
 * of heights at the end that never are.
 */
export function columnsOf({ blocks, children, tips, end, opened, unfolded }) {
  const heights = new Map();
  let newest = 0;
  for (const block of blocks) {
    if (block.height > newest) newest = block.height;
    const known = heights.get(block.height);
    if (known === undefined) heights.set(block.height, [block]);
    else known.push(block);
  }
  const last = end === null ? newest : Math.min(end, newest);
  const isStraight = (height) => {
    const at = heights.get(height);
    return at !== undefined && at.length === 1 && (children.get(at[0].hash)?.length ?? 0) <= 1 && !tips.has(at[0].hash)
      && !(opened !== null && height >= opened.from && height <= opened.to);
  };
  const columns = [];
  let height = last;
  while (columns.length < DRAWN_COLUMNS && heights.has(height)) {
    let from = height;
    if (height <= last - unfolded) while (isStraight(from)) from -= 1;
    const run = height - from;
    if (run >= SHORTEST_FOLD) {
      columns.push({ from: from + 1, to: height, count: run });
      height = from;
    } else {
      columns.push({ height, blocks: heights.get(height) });
      height -= 1;
    }
  }
  return columns.reverse();
}

/** Returns the blocks from which branches part, newest first. */
export function forksOf(blocks, children) {
  return blocks.filter((block) => (children.get(block.hash)?.length ?? 0) > 1).sort((a, b) => b.height - a.height);
}
