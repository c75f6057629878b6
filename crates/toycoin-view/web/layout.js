// The layout of the tree: which blocks are drawn at the moment, and where.

import { computed, signal } from '@preact/signals';
import { PITCH_X, PITCH_Y, TOP } from './block.js';
import { columnsOf, Lanes } from './forest.js';
import { blocks, children, state, tips } from './store.js';

/** The last height that is drawn; `null` while the tree follows the newest block. */
export const end = signal(null);
/** A folded run that a person opened. */
export const opened = signal(null);
/** The block that the arrow keys stand on. */
export const current = signal(null);

/** How many columns a person sees without scrolling. */
export const room = signal(12);
/** How much larger than on a small panel everything is drawn. */
export const zoom = signal(1);
/** Columns for a fold and the branch before it: so one that was left behind stays in sight. */
const ROOM_BEFORE = 4;
const FEWEST_UNFOLDED = 2;

let lanes = new Lanes();
let lanesRun = '';

const columns = computed(() => {
  const { run } = state.value;
  if (run !== lanesRun) {
    lanesRun = run;
    lanes = new Lanes();
  }
  lanes.add(blocks.value, tips.value);
  const unfolding = (unfolded) => columnsOf({
    blocks: blocks.value, children: children.value, tips: tips.value, end: end.value, opened: opened.value,
    unfolded: Math.max(FEWEST_UNFOLDED, unfolded),
  });
  // as few blocks are folded as the room asks for
  for (let unfolded = room.value - 1; unfolded > room.value - ROOM_BEFORE; unfolded -= 1) {
    const columns = unfolding(unfolded);
    if (columns.length <= room.value) return columns;
  }
  return unfolding(room.value - ROOM_BEFORE);
});

/** The height of the newest block. */
export const newestHeight = computed(() => blocks.value.reduce((most, block) => Math.max(most, block.height), 0));

/** Where everything is drawn. */
export const drawing = computed(() => {
  const shapes = [];
  const edges = [];
  const placed = new Map();
  let deepest = 0;
  columns.value.forEach((column, at) => {
    const x = at * PITCH_X + 8;
    if (column.count !== undefined) {
      const block = blocks.value.find(({ height }) => height === column.to);
      const lane = lanes.of(block.hash);
      deepest = Math.max(deepest, lane);
      const fold = { key: `fold-${column.from}`, fold: column, x, y: lane * PITCH_Y + TOP };
      placed.set(block.hash, fold);
      edges.push(...edgeTo(fold, firstOf(column), placed));
      shapes.push(fold);
      return;
    }
    for (const block of column.blocks) {
      const lane = lanes.of(block.hash);
      deepest = Math.max(deepest, lane);
      const shape = { key: block.hash, block, x, y: lane * PITCH_Y + TOP };
      placed.set(block.hash, shape);
      edges.push(...edgeTo(shape, block, placed));
      shapes.push(shape);
    }
  });
  return { shapes, edges, width: columns.value.length * PITCH_X + 40, height: (deepest + 1) * PITCH_Y + TOP - 12 };
});

/** Returns the first block of a fold. */
export const firstOf = ({ from }) => blocks.value.find(({ height }) => height === from);

function edgeTo(shape, block, placed) {
  const parent = block === undefined ? undefined : placed.get(block.prev);
  if (parent === undefined) return [];
  return [{ key: `edge-${shape.key}`, from: parent, to: shape, hash: block.hash }];
}
