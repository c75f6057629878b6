// The palette: each miner has a colour and a dash pattern, and its number stands beside both.
//
// Eight colours, that people with any colour vision tell apart, times four patterns: 32 nodes, no two alike.

const COLOURS = 8;
const PATTERNS = 4;

/** Returns the CSS classes of a miner: `c0` to `c7`, and `d0` to `d3`. */
export function minerClass(miner) {
  if (miner === null || miner === undefined) return 'c-none d0';
  return `c${miner % COLOURS} d${(miner + Math.floor(miner / COLOURS)) % PATTERNS}`;
}

/** Returns what is written in a miner's mark. */
export const minerLabel = (miner) => (miner === null || miner === undefined ? '–' : String(miner));

/** The kinds of messages that are told apart, by tag. */
export const KINDS = [
  { kind: 'block', name: 'blocks', tags: ['BLOC', 'CBLK', 'SNPM', 'CHNK'] },
  { kind: 'tx', name: 'payments', tags: ['TXN', 'BTXS', 'TXPR'] },
  { kind: 'header', name: 'headers', tags: ['HDRS', 'STAT', 'PROF', 'ANCS', 'FILT'] },
  {
    kind: 'request', name: 'requests',
    tags: ['GHDR', 'GBLK', 'GTXN', 'NOTF', 'GBTX', 'GPRF', 'GANC', 'GTXP', 'GFIL', 'GSNP', 'GCHK'],
  },
  { kind: 'refusal', name: 'refusals', tags: ['RJCT'] },
];

const kindByTag = new Map(KINDS.flatMap(({ kind, tags }) => tags.map((tag) => [tag, kind])));

/** Returns the kind of a message. */
export const kindOf = (tag) => kindByTag.get(tag.trim()) ?? 'request';
