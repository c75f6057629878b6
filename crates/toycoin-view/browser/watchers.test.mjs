// Watchers: who has no token, whose tab is hidden, and whose server went away for a while.

import assert from 'node:assert/strict';

import { assertCalm, forward, heightOf, openPage, reads, said, startView, test } from './support.mjs';

const TEACHER_ONLY = 'Only the teacher’s link, with the token, can change the network.';

test('controls without a token are disabled with a reason', async (t) => {
  const view = await startView(t);
  const page = await openPage(t, view.watchUrl);
  await reads(page, '#live', 'live');
  for (const id of ['part', 'part-menu', 'pay', 'faults', 'add-node']) {
    const button = page.locator(`#${id}`);
    assert.equal(await button.getAttribute('aria-disabled'), 'true', id);
    assert.equal(await button.getAttribute('title'), TEACHER_ONLY, id);
  }
  assert.ok(await page.isDisabled('#speed'));
  const posts = [];
  page.on('request', (request) => { if (request.method() === 'POST') posts.push(request.url()); });
  await page.locator('#part').click({ force: true });
  await said(page, /^Only the teacher/);
  assert.deepEqual(posts, []);
  assert.deepEqual((await view.get('/v1/state')).groups, []);
  assertCalm(page);
});

test('a watcher pauses the picture, not the network', async (t) => {
  const view = await startView(t, '--spacing', '500');
  const page = await openPage(t, view.watchUrl);
  await reads(page, '#live', 'live');
  await page.click('#pause');
  await reads(page, '#live', 'the past');
  const height = await page.textContent('#height');
  await forward(view, (state) => heightOf(state) >= Number(height) + 3);
  assert.equal(await page.textContent('#height'), height);
  assert.equal((await view.get('/v1/state')).clock.speed, 64);
  await page.click('#to-live');
  await page.waitForFunction((was) => Number(document.querySelector('#height').textContent) >= was + 3, Number(height));
  assertCalm(page);
});

/** Tells the page that its tab is hidden, or shown again. A browser without a window hides no tab by itself. */
function setHidden(page, isHidden) {
  return page.evaluate((hidden) => {
    const visibility = hidden ? 'hidden' : 'visible';
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => visibility });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

const isStream = (request) => new URL(request.url()).pathname === '/api/v1/events';

test('a hidden tab closes its stream and resumes it', async (t) => {
  const view = await startView(t, '--spacing', '500');
  const page = await openPage(t, view.url);
  await reads(page, '#live', 'live');
  await page.waitForFunction(() => Number(document.querySelector('#height').textContent) >= 1);

  const closed = page.waitForEvent('requestfailed', isStream);
  await setHidden(page, true);
  await closed;
  const before = Number(await page.textContent('#height'));
  const state = await forward(view, (now) => heightOf(now) >= before + 3);
  assert.equal(Number(await page.textContent('#height')), before, 'nothing comes while it is hidden');

  const reopened = page.waitForRequest(isStream);
  await setHidden(page, false);
  const resumed = (await reopened).headers()['last-event-id'];
  assert.match(resumed, new RegExp(`^${state.run}-\\d+$`), 'it says which event it saw last');
  await reads(page, '#height', String(heightOf(state)));
  // a gap would have begun the timeline anew: the moment before the tab was hidden can still be shown
  await page.locator('.timeline input[type=range]').fill('0');
  await reads(page, '#live', 'the past');
  await page.waitForFunction((was) => Number(document.querySelector('#height').textContent) <= was, before);
  assertCalm(page);
});

test('the page reconnects to a server that started again', async (t) => {
  const first = await startView(t, '--seed', '7');
  const page = await openPage(t, first.url);
  await reads(page, '#live', 'live');
  await first.stop();
  await reads(page, '#live', 'connecting');
  const second = await startView(t, '--seed', '8', '--nodes', '5', '--addr', new URL(first.origin).host);
  assert.equal(second.origin, first.origin);
  await reads(page, '#live', 'live');
  await page.waitForFunction(() => document.querySelectorAll('#panel-network [data-node]').length === 5);
  await page.waitForFunction(() => document.querySelector('.stage').textContent.includes('seed 8'));

  // the token was the first server's
  await page.click('#part');
  await page.waitForFunction(() => document.querySelector('#part').getAttribute('aria-disabled') === 'true');
  assert.deepEqual((await second.get('/v1/state')).groups, []);
  const unexpected = page.complaints.filter((text) => !/net::ERR_|status of 401/.test(text));
  assert.deepEqual(unexpected, []);
});
