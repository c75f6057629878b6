// A block as it is drawn in the tree: a button with its height, its miner's mark, and the nodes whose tip it is.

import { html } from 'htm/preact';
import { memo } from './memo.js';
import { minerClass, minerLabel } from './palette.js';
import { count, nodesInWords, ranges, short } from './words.js';

export const PITCH_X = 74;
export const PITCH_Y = 74;
/** Room above the first lane, for the label of a tip. */
export const TOP = 34;
const WIDTH = 54;
const HEIGHT = 40;

const STANDING = { active: 'on the active chain', rival: 'on a rival branch', stale: 'stale' };

/** Says what a block is, for those who do not see it. */
export function blockSentence(block, standing, nodes) {
  const miner = block.miner === null ? 'mined by none of the nodes' : `mined by node ${block.miner}`;
  const tip = nodes.length === 0 ? '' : `, tip of ${nodesInWords(nodes)}`;
  return `Block ${block.height}, ${short(block.hash)}, ${miner}, ${STANDING[standing]}${tip}`;
}

/** The class of a height that needs a smaller type to fit. */
export const lengthOf = (height) => (height < 1_000 ? '' : height < 10_000 ? 'long' : 'longer');

/** What is written stands beside the button, which says all of it in its label. */
export const Block = memo(({ block, x, y, standing, nodes, isAll, isStop, isSelected, onClick }) => html`
  <g class=${`cell ${minerClass(block.miner)} ${standing}`} transform=${`translate(${x} ${y})`}>
    <g class=${`block ${standing}`} role="button" tabindex=${isStop ? 0 : -1} data-hash=${block.hash}
      data-key=${block.hash} aria-label=${blockSentence(block, standing, nodes)} aria-pressed=${isSelected}
      onClick=${onClick}>
      <g class="shape">
        <rect class="halo" x="-5" y="-5" width=${WIDTH + 10} height=${HEIGHT + 10} rx="10" />
        <rect class="body" width=${WIDTH} height=${HEIGHT} rx="6" />
        <path class="mark" d=${`M6 0H18V${HEIGHT}H6A6 6 0 0 1 0 ${HEIGHT - 6}V6A6 6 0 0 1 6 0Z`} />
        <path class="pattern" d=${`M24 ${HEIGHT - 8}H${WIDTH - 6}`} />
      </g>
    </g>
    <g class="words" aria-hidden="true">
      <text class="miner" x="9" y=${HEIGHT / 2}>${minerLabel(block.miner)}</text>
      <text class=${`height ${lengthOf(block.height)}`} x="36" y=${HEIGHT / 2 - 3}>${block.height}</text>
      ${nodes.length > 0 && html`<${Tip} text=${isAll ? 'all nodes' : ranges(nodes)} />`}
    </g>
  </g>`, ({ onClick: _, ...props }) => props);

function Tip({ text }) {
  const shown = text.length > 14 ? `${text.slice(0, 13)}…` : text;
  const width = Math.max(22, shown.length * 7.2 + 14);
  return html`<g class="tip" transform="translate(0 -27)">
    <path d=${`M14 18L19 24L24 18Z`} />
    <rect width=${width} height="19" rx="9.5" />
    <text x=${width / 2} y="10">${shown}</text>
  </g>`;
}

export const Fold = memo(({ id, fold, x, y, isStop, onClick }) => html`
  <g class="cell fold" transform=${`translate(${x} ${y})`}>
    <g role="button" tabindex=${isStop ? 0 : -1} data-key=${id}
      aria-label=${`${fold.count} blocks, from height ${fold.from} to ${fold.to}, without a fork: show them`}
      onClick=${onClick}>
      <rect class="halo" x="-5" y="-5" width=${WIDTH + 10} height=${HEIGHT + 10} rx="10" />
      <rect class="body" width=${WIDTH} height=${HEIGHT} rx="6" />
    </g>
    <g class="words" aria-hidden="true">
      <text class="height" x=${WIDTH / 2} y="14">${fold.count}</text>
      <text class="unit" x=${WIDTH / 2} y="30">blocks</text>
    </g>
  </g>`, ({ onClick: _, fold, ...props }) => ({ ...props, from: fold.from, to: fold.to }));
