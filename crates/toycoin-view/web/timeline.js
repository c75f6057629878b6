// The timeline: the whole record, or the last 20,000 events of a live network. Rewinds, plays, and goes back to LIVE.

import { html } from 'htm/preact';
import { calmState, clock, connection, live, marks, pause, play, seek } from './store.js';
import { Icon } from './icons.js';
import { replayReorganisation } from './reorganisation.js';
import { count, time } from './words.js';

const SLIDER_STEPS = 10_000;

export function Timeline() {
  const { mode, us, first, last, playing } = clock.value;
  const span = Math.max(1, last - first);
  const at = Math.round(((us - first) / span) * SLIDER_STEPS);
  const onInput = (event) => {
    pause();
    seek(first + (event.target.valueAsNumber / SLIDER_STEPS) * span);
  };
  return html`<section class="timeline" aria-label="Timeline">
    <button type="button" onClick=${() => seek(first)} aria-label="To the begin" title="To the begin">
      <${Icon} name="begin" /></button>
    <button type="button" onClick=${() => toMark(-1)} aria-label="To the mark before"
      title="To the reorganisation or partition before"><${Icon} name="before" /></button>
    <button type="button" class="play" onClick=${() => (playing ? pause() : play())} disabled=${mode === 'live'}
      aria-label=${playing ? 'Hold' : 'Play'} title="Play what is shown">
      <${Icon} name=${playing ? 'pause' : 'play'} /></button>
    <button type="button" onClick=${() => toMark(1)} aria-label="To the next mark"
      title="To the next reorganisation or partition"><${Icon} name="next" /></button>
    <div class="track">
      <${MarkLine} />
      <input type="range" min="0" max=${SLIDER_STEPS} step="1" value=${mode === 'live' ? SLIDER_STEPS : at}
        aria-label="Moment" aria-valuetext=${`${time(us)} of ${time(last)}`} onInput=${onInput} />
    </div>
    <output class="time">${time(us)}</output>
    <button type="button" class="replay" onClick=${replayReorganisation} title="Replay the last reorganisation: r">
      <${Icon} name="replay" /> Last reorganisation</button>
    ${connection.value !== 'record' && html`<button type="button" class="to-live" id="to-live"
      aria-pressed=${mode === 'live'} onClick=${live}>LIVE</button>`}
  </section>`;
}

function toMark(by) {
  const { us } = clock.peek();
  const { list } = marks();
  const mark = by > 0 ? list.find((known) => known.us > us + 1) : list.findLast((known) => known.us < us - 1);
  if (mark !== undefined) seek(mark.us);
}

/** Where reorganisations and partitions lie. */
function MarkLine() {
  // four times a second is enough for marks
  void calmState.value;
  const { first, last } = clock.peek();
  const span = Math.max(1, last - first);
  const at = (us) => ((us - first) / span) * 1_000;
  const { list } = marks();
  const parted = [];
  let from = null;
  for (const { us, kind } of list) {
    if (kind === 'partition') from = us;
    else if (kind === 'heal') {
      parted.push([from ?? first, us]);
      from = null;
    }
  }
  if (from !== null) parted.push([from, last]);
  const reorganisations = list.filter(({ kind }) => kind === 'reorganisation');
  return html`<svg class="marks" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img"
    aria-label=${`${count(reorganisations.length, 'reorganisation')}, ${count(parted.length, 'partition')}`}>
    ${parted.map(([begin, end]) => html`<rect key=${`p${begin}`} class="parted" x=${at(begin)} y="5"
      width=${Math.max(1, at(end) - at(begin))} height="3" />`)}
    ${reorganisations.map(({ us, node }) => html`<path key=${`r${us}-${node}`} class="reorganised"
      d=${`M${at(us)} 0V10`} />`)}
  </svg>`;
}
