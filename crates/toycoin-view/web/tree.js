// The tree of blocks: who mined what on top of what, and which node stands where.

import { html } from 'htm/preact';
import { batch, computed } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Block, Fold, PITCH_X } from './block.js';
import { Branches } from './branches.js';
import { forksOf } from './forest.js';
import { current, drawing, end, newestHeight, opened, room, zoom } from './layout.js';
import { Panel, Tabs } from './panel.js';
import { calm, scale } from './prefs.js';
import { bestTip, blocks, byHash, children, select, selected, standingOf, state, tips, tipsOf } from './store.js';
import { TreeTable } from './tree-table.js';
import { beside, childOf, foldAt, parentOf } from './walk.js';
import { count, nodesInWords } from './words.js';

/** From so many rem on, the panel of a projector, blocks are drawn larger. */
const WIDE_REM = 60;
const WIDE_ZOOM = 1.3;
/** Room at the edges, for the label of the newest block too, in pixels. */
const MARGIN = 30;
/** Height of a block with the room around it. */
const LANE = 60;

/** What the tree shows at the moment, in a sentence. */
const caption = computed(() => {
  const on = [...tips.value].map(([hash, nodes]) => ({ nodes, height: byHash.value.get(hash)?.height ?? 0 }));
  if (on.length === 0) return 'Waiting for the first node.';
  if (on.length === 1) {
    const all = on[0].nodes.length;
    return `${all === 1 ? 'The node stands' : `All ${all} nodes stand`} on block ${on[0].height}.`;
  }
  on.sort((a, b) => b.height - a.height || b.nodes.length - a.nodes.length);
  const shown = on.slice(0, 3).map(({ nodes, height }) => `${nodesInWords(nodes)} on block ${height}`);
  if (on.length > 3) shown.push(`${on.length - 3} more`);
  return `${on.length} tips: ${shown.join('; ')}.`;
});

export function Tree() {
  const tabs = [{ id: 'drawing', name: 'Tree', view: Drawing }, { id: 'table', name: 'Table', view: TreeTable }];
  return html`<${Panel} id="tree" title="Blocks" caption=${caption}>
    <${Tabs} id="tree" focusable=${false} label="Views of the blocks" tabs=${tabs} />
  <//>`;
}

function follow() {
  // the button vanishes
  const hadFocus = document.activeElement.matches('.follow');
  end.value = null;
  opened.value = null;
  if (hadFocus) requestAnimationFrame(() => document.querySelector('.tree [data-key][tabindex="0"]')?.focus());
}

function path({ from, to }) {
  const x1 = from.x + 54;
  const x2 = to.x;
  const y1 = from.y + 20;
  const y2 = to.y + 20;
  if (y1 === y2) return `M${x1} ${y1}H${x2}`;
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle + 4} ${y1} ${middle - 4} ${y2} ${x2} ${y2}`;
}

const rem = (length) => `${(length / 16) * zoom.value}rem`;

function Drawing() {
  const box = useRef(null);
  const slide = useRef(null);
  const focused = useRef(null);
  const lastKey = useRef(null);
  const { shapes, edges, width, height } = drawing.value;
  const had = focused.current;
  const tabStop = tabStopOf(shapes);
  const follows = end.value === null;
  const newestKey = shapes.at(-1)?.key;

  useLayoutEffect(() => {
    if (follows) {
      box.current.scrollLeft = box.current.scrollWidth;
      const tip = shapes.find(({ key }) => key === bestTip.value);
      const [top, shown] = [(tip?.y ?? 0) * zoom.value * scale.value, box.current.clientHeight];
      // the newest block stays in sight where there are many lanes
      box.current.scrollTop = Math.max(0, top + LANE * zoom.value * scale.value - shown);
    }
    if (had !== null && box.current.querySelector(`[data-key="${had}"]`) === null) focusNear(box.current, had);
    if (follows && lastKey.current !== newestKey && lastKey.current !== null && !calm.value) {
      const from = { transform: `translateX(${rem(PITCH_X)})` };
      slide.current.animate([from, { transform: 'none' }], { duration: 280, easing: 'cubic-bezier(.2,.7,.2,1)' });
    }
    lastKey.current = newestKey;
  }, [width, newestKey, follows]);

  useEffect(() => {
    const element = box.current;
    const observer = new ResizeObserver(() => {
      const pixels = element.clientWidth / scale.value;
      batch(() => {
        zoom.value = pixels >= 16 * WIDE_REM ? WIDE_ZOOM : 1;
        room.value = Math.floor((pixels - MARGIN) / (PITCH_X * zoom.value));
      });
      if (end.value === null) element.scrollLeft = element.scrollWidth;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  function onScroll({ currentTarget }) {
    const { scrollLeft, clientWidth, scrollWidth } = currentTarget;
    const atEnd = scrollLeft + clientWidth >= scrollWidth - 8;
    if (!atEnd && end.value === null) end.value = newestHeight.value;
  }

  const behind = newestHeight.value - (end.value ?? newestHeight.value);
  return html`
    <div class="tree-frame">
      <div class="tree scroll" ref=${box} onScroll=${onScroll} onKeyDown=${(event) => onKeyDown(event, box.current)}
        onFocusIn=${(event) => { focused.current = event.target.dataset.key ?? null; }}
        onFocusOut=${() => { focused.current = null; }}>
        <div class="tree-clip"><svg ref=${slide} role="group" aria-label="Tree of blocks"
          viewBox=${`0 0 ${width} ${height}`} style=${{ width: rem(width), height: rem(height) }}>
          ${edges.map((edge) => html`
            <path key=${edge.key} class=${`edge ${standingOf(edge.hash)}`} d=${path(edge)} />`)}
          ${shapes.map((shape) => (shape.fold === undefined
            ? html`<${Block} key=${shape.key} block=${shape.block} x=${shape.x} y=${shape.y}
                standing=${standingOf(shape.key)} nodes=${tipsOf(shape.key)} isStop=${tabStop === shape.key}
                isAll=${tips.value.size === 1 && state.value.nodes.length > 2}
                isSelected=${selected.value?.id === shape.key} onClick=${() => choose(shape.key)} />`
            : html`<${Fold} key=${shape.key} id=${shape.key} fold=${shape.fold} x=${shape.x} y=${shape.y}
                isStop=${tabStop === shape.key} onClick=${() => open(shape.fold)} />`))}
        </svg></div>
      </div>
      ${!follows && html`<button type="button" class="follow" onClick=${follow}>
        Follow${behind > 0 ? `: ${count(behind, 'new height')}` : ''} →</button>`}
    </div>
    <${Branches} />
    <${Key} />`;
}

/** What the marks mean. */
function Key() {
  return html`<ul class="legend" aria-label="Key">
    <li><i class="key-miner c0" aria-hidden="true">0</i>the node that found it</li>
    <li><i class="key-tip" aria-hidden="true">1, 2</i>nodes whose tip it is</li>
    <li><i class="key-stale" aria-hidden="true"></i>stale: no node follows it</li></ul>`;
}

function tabStopOf(shapes) {
  const has = (key) => key !== null && shapes.some((shape) => shape.key === key);
  return [current.value, selected.value?.id ?? null, bestTip.value].find(has) ?? shapes.at(-1)?.key;
}

function choose(hash) {
  current.value = hash;
  select('block', hash);
}

function open(fold) {
  opened.value = { from: Math.max(fold.from, fold.to - 30), to: fold.to };
  end.value = Math.min(newestHeight.value, fold.to + 4);
}

function focusKey(box, key) {
  const element = box.querySelector(`[data-key="${key}"]`);
  if (element === null) return false;
  current.value = key;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  clearOfEdges(box, element);
  return true;
}

/** Scrolls a block out of the edge, where the drawing fades. */
function clearOfEdges(box, element) {
  const [at, frame] = [element.getBoundingClientRect(), box.getBoundingClientRect()];
  const [before, after] = [at.left - frame.left - MARGIN, frame.right - MARGIN - at.right];
  if (before < 0) box.scrollLeft += before;
  else if (after < 0) box.scrollLeft -= after;
}

const startOf = ({ block, fold }) => block?.height ?? fold.from;

/** A focused block was folded, or left the drawing: the focus moves to what stands in its place. */
function focusNear(box, key) {
  const { shapes } = drawing.value;
  // a block that is not known was found later than the moment shown
  const height = key.startsWith('fold-') ? Number(key.slice(5)) : byHash.value.get(key)?.height ?? Infinity;
  const near = foldAt(shapes, height) ?? shapes.findLast((shape) => startOf(shape) <= height) ?? shapes[0];
  if (near !== undefined) focusKey(box, near.key);
}

function onKeyDown(event, box) {
  const key = event.target.dataset.key;
  if (key === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  const { shapes } = drawing.value;
  const at = shapes.find((shape) => shape.key === key);
  if (at === undefined) return;
  const to = {
    ArrowLeft: () => parentOf(at, shapes), ArrowRight: () => childOf(at, shapes),
    ArrowUp: () => beside(at, shapes, -1), ArrowDown: () => beside(at, shapes, 1),
  }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    const target = to();
    if (target !== undefined) focusKey(box, target.key);
  } else if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    if (at.fold === undefined) choose(key);
    else open(at.fold);
  }
}

/** Goes to the next fork, from the newest to the oldest and round again. */
export function nextFork() {
  const forks = forksOf(blocks.value, children.value);
  if (forks.length === 0) return false;
  const from = byHash.value.get(current.value)?.height ?? Infinity;
  const fork = forks.find(({ height }) => height < from) ?? forks[0];
  end.value = Math.min(newestHeight.value, fork.height + Math.max(2, room.value - 3));
  current.value = fork.hash;
  requestAnimationFrame(() => {
    const box = document.querySelector('.tree');
    if (box !== null) focusKey(box, fork.hash);
  });
  return true;
}
