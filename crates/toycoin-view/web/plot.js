// A line chart on uPlot's canvas. Colours come from the page's CSS, so that they follow its theme.

import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { scale, theme } from './prefs.js';
import { scaled } from './width.js';

const HEIGHT = 156;
const dark = matchMedia('(prefers-color-scheme: dark)');

/**
 * Draws `series`, each `{ label, values, kind, dash, stepped, right }`, over `x`, the heights of blocks. `kind` is a
 * CSS class that gives the colour: `ink`, `accent`, `muted`, or a miner's. `right` puts a series on an axis of its own.
 */
export function Plot({ x, series, unit, log = false }) {
  const [box, probes, plot] = [useRef(null), useRef(null), useRef(null)];
  const [at, setAt] = useState(null);
  const [, redraw] = useState(0);
  const lines = series.map(({ label, kind, dash, stepped, right }) => [label, kind, dash, stepped, right]);
  const shape = JSON.stringify([lines, unit, log, theme.value, scale.value]);

  useEffect(() => {
    const again = () => redraw((n) => n + 1);
    dark.addEventListener('change', again);
    return () => dark.removeEventListener('change', again);
  }, []);

  useEffect(() => {
    if (globalThis.uPlot === undefined) return undefined;
    const colours = [...probes.current.children].map((probe) => getComputedStyle(probe).color);
    const options = optionsOf({ series, unit, log, colours, width: box.current.clientWidth, onMove: setAt });
    plot.current = new globalThis.uPlot(options, dataOf(x, series), box.current);
    const observer = new ResizeObserver(([{ contentRect }]) => {
      plot.current?.setSize({ width: contentRect.width, height: scaled(HEIGHT) });
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, [shape, dark.matches]);

  useEffect(() => { plot.current?.setData(dataOf(x, series)); });

  const index = at === null || at >= x.length ? x.length - 1 : at;
  return html`<div class="plot"><span ref=${probes} hidden>${['muted', 'grid'].map((kind) => html`
      <i key=${kind} class=${`probe ${kind}`}></i>`)}${series.map(({ kind, label }) => html`
      <i key=${label} class=${`probe ${kind}`}></i>`)}</span>
    <ul class="plot-legend">${series.map(({ label, values, kind, dash }) => html`<li key=${label}>
      <i class=${`probe line ${kind} ${dash === undefined ? '' : 'dashed'}`}></i> ${label}${' '}
      <b>${values[index]?.toLocaleString('en', { maximumSignificantDigits: 4 }) ?? ''}</b></li>`)}
      <li>at block <b>${x[index]}</b></li></ul>
    <div class="canvas" ref=${box} aria-hidden="true"></div></div>`;
}

const dataOf = (x, series) => [x, ...series.map(({ values }) => values)];

function optionsOf({ series, unit, log, colours: [ink, grid, ...lines], width, onMove }) {
  const font = `${scaled(12)}px system-ui`;
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font };
  const values = (_, ticks) => ticks.map((tick) => (tick === null ? '' : short(tick)));
  const right = series.some((each) => each.right);
  const steps = globalThis.uPlot.paths.stepped({ align: 1 });
  return {
    width, height: scaled(HEIGHT), legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
    scales: { x: { time: false }, y: log ? { distr: 3, log: 2 } : { range: fromZero }, right: { range: fromZero } },
    axes: [
      { ...axis, label: 'block height', labelFont: axis.font, labelSize: scaled(18), size: scaled(34) },
      { ...axis, label: unit, labelFont: axis.font, labelSize: scaled(18), size: scaled(56), values },
      ...(right ? [{ ...axis, scale: 'right', side: 1, values, size: scaled(44), grid: { show: false } }] : []),
    ],
    series: [{}, ...series.map(({ label, dash, stepped, right: other }, at) => ({
      label, dash, stroke: lines[at], width: 2, points: { show: false }, scale: other ? 'right' : 'y',
      ...(stepped ? { paths: steps } : {}),
    }))],
    hooks: { setCursor: [({ cursor }) => onMove(cursor.idx)] },
  };
}

const fromZero = (_, __, most) => [0, Math.max(1, most * 1.1)];

function short(number) {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(number);
}
