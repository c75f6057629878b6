// Groups of a partition, as a teacher writes them: "0-2, 4 | 3".

import { groupsInWords } from './words.js';

/** Returns the nodes, so many as there are, in two halves. */
export function halves(nodes) {
  const all = [...Array(nodes).keys()];
  const middle = Math.ceil(nodes / 2);
  return [all.slice(0, middle), all.slice(middle)].filter((group) => group.length > 0);
}

/** Writes groups as they are read. */
export const written = (groups) => groupsInWords(groups).replaceAll('–', '-');

/** Reads groups such as "0-2, 4 | 3". */
export function parse(text, count) {
  const seen = new Set();
  const groups = [];
  for (const part of text.split('|')) {
    const group = [];
    for (const item of part.split(/[\s,]+/).filter((word) => word !== '')) {
      const range = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(item);
      if (range === null) return { groups, error: `“${item}” is no node number.` };
      const from = Number(range[1]);
      const to = Number(range[2] ?? range[1]);
      if (from >= count || to >= count) return { groups, error: `The last node is node ${count - 1}.` };
      for (let node = from; node <= to; node += 1) {
        if (seen.has(node)) return { groups, error: `Node ${node} is in two groups.` };
        seen.add(node);
        group.push(node);
      }
    }
    if (group.length > 0) groups.push(group);
  }
  return { groups, error: groups.length === 0 ? 'Name at least one node.' : null };
}
