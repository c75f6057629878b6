// An attack at a click: begun by keyboard, watched to its outcome, and left for the lesson.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import {
  assertCalm, openPage, reads, runView, said, scratch, screenshot, shown, startView, test,
} from './support.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Asserts that axe finds nothing, and that the page does not scroll sideways. */
async function assertGood(page, name) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations()
    .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime)).map(({ finished }) => finished)));
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html).join(' | ')}`);
  });
  assert.deepEqual(violations, [], `${name}: axe`);
  const wide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('dialog')]
    .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ tagName }) => tagName));
  assert.deepEqual(wide, [], `${name}: it scrolls sideways`);
}

const focused = (page, selector) => page.waitForFunction((at) => document.activeElement.matches(at), selector);

test('an attack is begun by keyboard, and the lesson comes back', async (t) => {
  const view = await startView(t, '--seed', '7');
  const page = await openPage(t, view.url);
  await reads(page, '#live', 'live');
  await shown(page);
  const { run } = await view.get('/v1/state');

  await page.locator('#attack').focus();
  await page.keyboard.press('Enter');
  await focused(page, '#attack-name');
  await page.waitForFunction(() => document.querySelectorAll('#attack-name option').length > 10);
  await page.keyboard.type('double');
  await page.locator('dialog [name=q]').fill('0.4');
  await page.locator('dialog [name=z]').fill('1');
  await assertGood(page, 'dialog');
  await page.screenshot({ path: screenshot('attack-dialog') });
  await page.locator('dialog [name=z]').press('Enter');
  await page.waitForSelector('dialog', { state: 'detached' });

  await page.waitForSelector('#attack-line');
  await reads(page, '#outcome', 'runs');
  assert.match(await page.textContent('#attack-line'), /double spend q 0\.4, z 1, .*seed 1/);
  assert.match(await page.textContent('#theory'), /^success 0\.\d{4} \(Rosenfeld 0\.\d{4}, Nakamoto 0\.\d{4}\)$/);
  await page.waitForSelector('[data-node="2"][aria-label^="attacker 2"]');
  assert.match(await page.textContent('#panel-network'), /The attacker is node 2\./);
  assert.notEqual((await view.get('/v1/state')).run, run);
  assert.equal(await page.getAttribute('#part', 'aria-disabled'), 'true', 'a trial runs undisturbed');

  // paused and stepped as ever
  await page.click('#pause');
  await page.waitForFunction(() => document.querySelector('#pause').getAttribute('aria-pressed') === 'true');
  const { seq } = await view.get('/v1/state');
  const stepped = page.waitForResponse((response) => response.url().endsWith('/api/v1/clock'));
  await page.click('#step');
  assert.ok((await stepped).ok());
  assert.ok((await view.get('/v1/state')).seq > seq);
  await page.selectOption('#speed', '64');
  await page.click('#pause');
  await page.waitForFunction(() => document.querySelector('#outcome').textContent.startsWith('success: '));
  await said(page, /^double spend, this trial: success: (yes|no); confirmations: 1$/);
  await page.waitForFunction(() => /this trial: success: /.test(document.querySelector('#panel-log').textContent));
  await assertGood(page, 'outcome');
  await page.screenshot({ path: screenshot('attack-outcome') });

  await page.locator('#lesson').focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('#attack-line', { state: 'detached' });
  await focused(page, '#attack');
  await page.waitForFunction(() => document.querySelectorAll('#panel-network [data-node]').length === 4);
  assertCalm(page);
});

test('a narrow page shows an attack and why one is refused', async (t) => {
  const view = await startView(t, '--seed', '7', '--attack', 'selfish', '--set', 'alpha=0.4');
  const page = await openPage(t, view.url, { viewport: { width: 360, height: 740 } });
  await reads(page, '#live', 'live');
  await page.waitForSelector('#attack-line');
  assert.match(await page.textContent('#attack-line'), /selfish alpha 0\.4, /);
  await assertGood(page, 'narrow');
  await page.screenshot({ path: screenshot('attack-narrow') });
  await page.click('#attack');
  await page.waitForFunction(() => document.querySelectorAll('#attack-name option').length > 10);
  await page.route('**/api/v1/attack', (route) => route.continue({ postData: '{"attack":"double-spend","set":{"q":2}}' }));
  await page.click('dialog button[type=submit]');
  await page.waitForFunction(() => /from 0\.01 to 0\.49, not 2/.test(document.querySelector('.form-error').textContent));
  await assertGood(page, 'narrow dialog');
  await page.screenshot({ path: screenshot('attack-narrow-dialog') });
  page.complaints.splice(0, page.complaints.length, ...page.complaints.filter((text) => !/422/.test(text)));
  assertCalm(page);
});

test('a record of an attack keeps theory and outcome', async (t) => {
  const directory = scratch(t);
  const record = join(directory, 'attack.jsonl');
  await runView('--attack', 'double-spend', '--set', 'z=1', '--seed', '3', '--record', record, '--for', '3600',
    '--headless');
  const view = await startView(t, '--replay', record);
  const page = await openPage(t, view.url);
  await reads(page, '#live', 'record');
  await page.waitForSelector('.timeline input[type=range]');
  await page.locator('.timeline input[type=range]').press('End');
  await page.waitForFunction(() => document.querySelector('#outcome')?.textContent.startsWith('success: '));
  assert.match(await page.textContent('#theory'), /^success 0\./);
  assert.equal(await page.getAttribute('#attack', 'aria-disabled'), 'true');
  assertCalm(page);
});
