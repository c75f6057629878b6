// A saved page: a run in one file, which a browser opens from a stick.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { apply } from '../web/state.js';
import { assertCalm, openPage, reads, runView, scratch, shown, test } from './support.mjs';

const SOUGHT_US = 60e6;

/** Returns the state of a record after all events up to a time. */
function stateAt(lines, us) {
  const [first, ...events] = lines;
  return events.filter((event) => event.us <= us).reduce(apply, first);
}

/** Returns the rows of the tree's table that name a tip: `height: nodes`. */
function tipsShown(page) {
  return page.evaluate(() => [...document.querySelectorAll('#view-tree tbody tr')]
    .map((row) => [...row.cells].map((cell) => cell.textContent.trim()))
    .filter((cells) => cells.length > 2 && cells.at(-1) !== '')
    .map((cells) => `${cells[0]}: ${cells.at(-1)}`));
}

/** Writes the tips of a state as the table does. */
function tipsOf(state) {
  const tips = new Map();
  for (const { node, tip, height } of state.nodes) tips.set(tip, [...(tips.get(tip) ?? [`${height}: `]), node]);
  return [...tips.values()].map(([height, ...nodes]) => {
    const isRun = nodes.length >= 3 && nodes.every((node, at) => at === 0 || node === nodes[at - 1] + 1);
    return `${height}${isRun ? `${nodes[0]}–${nodes.at(-1)}` : nodes.join(', ')}`;
  });
}

test('a saved page opens offline and seeks as the record says', async (t) => {
  const directory = scratch(t);
  const [record, saved] = [join(directory, 'run.jsonl'), join(directory, 'run.html')];
  await runView('--seed', '7', '--record', record, '--for', '120', '--headless', '--save-page', saved);
  const lines = readFileSync(record, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

  const page = await openPage(t, 'about:blank', { offline: true });
  const foreign = [];
  page.on('request', (request) => { if (/^(https?|wss?):/.test(request.url())) foreign.push(request.url()); });
  await page.goto(pathToFileURL(saved).href);
  await shown(page);
  await reads(page, '#live', 'record');

  // the slider has steps, so the moment that it shows is asked of it
  const slider = page.locator('.timeline input[type=range]');
  const [first, last] = [lines[0].us, lines.at(-1).us];
  const steps = Number(await slider.getAttribute('max'));
  const step = Math.ceil(((SOUGHT_US - first) / (last - first)) * steps);
  await slider.fill(String(step));
  const us = first + (step / steps) * (last - first);
  await reads(page, '.timeline .time', '1:00.0');

  const expected = stateAt(lines, us);
  await reads(page, '#tips', String(new Set(expected.nodes.map(({ tip }) => tip)).size));
  await reads(page, '#height', String(Math.max(...expected.nodes.map(({ height }) => height))));
  await page.click('#tab-tree-table');
  assert.deepEqual((await tipsShown(page)).sort(), tipsOf(expected).sort());

  await slider.fill(String(steps));
  await reads(page, '#height', String(Math.max(...stateAt(lines, last).nodes.map(({ height }) => height))));
  assert.deepEqual(foreign, []);
  assertCalm(page);
});
