// Walking in the tree: what the arrow keys lead to.

import { firstOf } from './layout.js';
import { children, standingOf } from './store.js';

/** Returns the fold that holds a height. */
export function foldAt(shapes, height) {
  return shapes.find(({ fold }) => fold !== undefined && fold.from <= height && height <= fold.to);
}

/** Returns what is drawn to the left of a shape: its parent, or the fold that holds it. */
export function parentOf({ block, fold }, shapes) {
  const prev = (block ?? firstOf(fold))?.prev;
  return shapes.find((shape) => shape.key === prev) ?? foldAt(shapes, (block?.height ?? fold.from) - 1);
}

/** Returns the child of a shape, that on the active chain if there are several. */
export function childOf({ block, fold, key }, shapes) {
  if (fold !== undefined) return shapes.find((shape) => shape.block?.height === fold.to + 1);
  const next = children.value.get(key) ?? [];
  const drawn = shapes.filter((shape) => next.includes(shape.key));
  const active = drawn.find((shape) => standingOf(shape.key) === 'active');
  return active ?? drawn[0] ?? (next.length > 0 ? foldAt(shapes, block.height + 1) : undefined);
}

/** Returns the shape of the same height so many lanes further down. */
export function beside(at, shapes, by) {
  const same = shapes.filter(({ x }) => x === at.x).sort((a, b) => a.y - b.y);
  return same[same.indexOf(at) + by];
}
