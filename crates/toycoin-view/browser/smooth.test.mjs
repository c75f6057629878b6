// How smooth the page is: reported, not asserted, because a time says as much of the machine as of the page.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  assertCalm, forward, heightOf, openPage, reads, runView, scratch, shown, startView, test,
} from './support.mjs';

const FRAMES = 400;
const LONG_MS = 50;

/** Returns the times between frames, in milliseconds. */
function frameTimes(page) {
  return page.evaluate((wanted) => new Promise((resolve) => {
    const times = [];
    let last = null;
    const frame = (at) => {
      if (last !== null) times.push(at - last);
      last = at;
      if (times.length < wanted) requestAnimationFrame(frame);
      else resolve(times);
    };
    requestAnimationFrame(frame);
  }), FRAMES);
}

function report(t, what, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  t.diagnostic(`${what}: frames of ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (longest), `
    + `${times.filter((time) => time > LONG_MS).length} of ${times.length} above ${LONG_MS} ms`);
}

test('frames of 32 nodes at speed 4', async (t) => {
  const view = await startView(t, '--nodes', '32', '--seed', '7');
  await forward(view, (state) => heightOf(state) >= 20);
  const page = await openPage(t, view.url);
  await reads(page, '#live', 'live');
  await view.post('/clock', { do: 'speed', speed: 4 });
  await view.post('/clock', { do: 'run' });
  await page.waitForFunction(() => document.querySelector('#speed').value === '4');
  report(t, '32 nodes at speed 4', await frameTimes(page));
  assertCalm(page);
});

test('frames of a record with 2,000 blocks', async (t) => {
  const directory = scratch(t);
  const [record, saved] = [join(directory, 'long.jsonl'), join(directory, 'long.html')];
  await runView('--seed', '7', '--spacing', '200', '--payments', '0', '--record', record, '--for', '420', '--headless',
    '--save-page', saved);
  const page = await openPage(t, pathToFileURL(saved).href, { offline: true });
  await shown(page);
  const slider = page.locator('.timeline input[type=range]');
  await slider.fill(String(Math.round(0.96 * Number(await slider.getAttribute('max')))));
  await page.waitForFunction(() => Number(document.querySelector('#height').textContent) > 1_500);
  await page.click('.timeline .play');
  const from = await page.textContent('#height');
  report(t, `a record at height ${from}`, await frameTimes(page));
  await page.waitForFunction((was) => document.querySelector('#height').textContent !== was, from);
  assertCalm(page);
});
