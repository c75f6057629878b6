// The keyboard: every panel is reached, every key does what the help says, and letters can be switched off.

import assert from 'node:assert/strict';

import { assertCalm, forward, heightOf, openPage, reads, said, startView, test, tipsOf } from './support.mjs';

const PANELS = ['tree', 'network', 'mempool', 'inspector', 'charts', 'log'];
/** Most presses of Tab once round the page. */
const MOST_TABS = 150;

/** A network that stands still, parted, with a fork and a reorganisation behind it. */
async function parted(t) {
  const view = await startView(t, '--seed', '7', '--spacing', '1000', '--payments', '2');
  await disturb(view);
  return view;
}

async function disturb(view) {
  await view.post('/network/partition', { groups: [[0, 1], [2, 3]] });
  await forward(view, (state) => heightOf(state) >= 4 && tipsOf(state).size === 2);
  await view.post('/network/heal');
  await forward(view, (state) => heightOf(state) >= 7 && tipsOf(state).size === 1);
}

async function open(t, view) {
  const page = await openPage(t, view.url);
  await reads(page, '#live', 'live');
  await page.waitForFunction(() => document.querySelectorAll('#panel-tree [data-hash]').length > 6);
  return page;
}

/** Takes the focus off everything. */
const blur = (page) => page.evaluate(() => document.activeElement?.blur());
const press = async (page, key) => {
  await blur(page);
  await page.keyboard.press(key);
};
const pressed = (page, selector, is) => page.waitForFunction(
  ([at, wanted]) => document.querySelector(at).getAttribute('aria-pressed') === wanted, [selector, String(is)]);
const focused = (page, selector) => page.waitForFunction((at) => document.activeElement.matches(at), selector);

test('Tab reaches every panel and leaves none', async (t) => {
  const page = await open(t, await parted(t));
  const reached = new Set();
  for (let presses = 0; presses < MOST_TABS; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const { activeElement: element } = document;
      if (element === document.body) return null;
      const { width, height } = element.getBoundingClientRect();
      const panel = element.closest('.panel, #app > header, .timeline');
      const name = element.outerHTML.slice(0, 120);
      return { panel: panel?.id || panel?.className, name, isSeen: width > 0 && height > 0 };
    });
    if (at === null) break;
    assert.ok(at.isSeen, `what has the focus is seen: ${at.name}`);
    reached.add(at.panel);
  }
  for (const panel of PANELS) assert.ok(reached.has(`panel-${panel}`), `panel ${panel}`);
  assert.ok(reached.has('timeline'), 'the timeline');
  assert.ok(reached.has('topbar'), 'the controls');
  const inTree = await page.$$eval('#panel-tree [data-key][tabindex="0"]', (blocks) => blocks.length);
  assert.equal(inTree, 1, 'the tree is one stop');
  assert.equal(await page.$$eval('#panel-network [data-node][tabindex="0"]', (all) => all.length), 1);
  assertCalm(page);
});

test('keys steer the clock and the network', async (t) => {
  const view = await parted(t);
  // before the page opens, so that it knows of no other speed
  await view.post('/clock', { do: 'speed', speed: 1 });
  const page = await open(t, view);
  await pressed(page, '#pause', true);
  await press(page, ' ');
  await pressed(page, '#pause', false);
  assert.equal((await view.get('/v1/state')).clock.paused, false);
  await press(page, ' ');
  await pressed(page, '#pause', true);

  const { seq } = await view.get('/v1/state');
  const stepped = page.waitForResponse((response) => response.url().endsWith('/api/v1/clock'));
  await press(page, '.');
  assert.ok((await stepped).ok());
  assert.ok((await view.get('/v1/state')).seq > seq, 'it went on');
  await pressed(page, '#pause', true);

  await page.waitForFunction(() => document.querySelector('#speed').value === '1');
  await press(page, ']');
  await page.waitForFunction(() => document.querySelector('#speed').value === '2');
  await press(page, '[');
  await page.waitForFunction(() => document.querySelector('#speed').value === '1');

  await press(page, 'p');
  await pressed(page, '#part', true);
  assert.deepEqual((await view.get('/v1/state')).groups, [[0, 1], [2, 3]]);
  await press(page, 'p');
  await pressed(page, '#part', false);
  assertCalm(page);
});

test('keys move through the past and the page', async (t) => {
  const view = await startView(t, '--seed', '7', '--spacing', '1000', '--payments', '2');
  const page = await openPage(t, view.url);
  await reads(page, '#live', 'live');
  await disturb(view);
  await said(page, /^Reorganisation/);
  await press(page, 'r');
  await reads(page, '#live', 'the past');
  await said(page, /^The last reorganisation, slowly/);
  await press(page, 'l');
  await reads(page, '#live', 'live');

  await press(page, 'f');
  await focused(page, '#panel-tree [data-hash]');
  const fork = await page.evaluate(() => document.activeElement.dataset.hash);
  const { blocks } = await view.get('/v1/state');
  assert.ok(blocks.filter(({ prev }) => prev === fork).length >= 2, 'a fork has two children');

  await press(page, '/');
  await focused(page, '#find');
  await page.keyboard.type('pf/r');
  assert.equal(await page.inputValue('#find'), 'pf/r', 'letters are text in a field');
  assert.deepEqual((await view.get('/v1/state')).groups, []);
  await page.fill('#find', '');

  const size = () => page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize));
  const usual = await size();
  await press(page, '+');
  assert.ok(await size() > usual);
  await press(page, '-');
  assert.equal(await size(), usual);

  await press(page, '?');
  await page.waitForSelector('dialog[open] .keys');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  assertCalm(page);
});

test('arrows go through the tree and Enter inspects', async (t) => {
  const view = await parted(t);
  const page = await open(t, view);
  const { blocks } = await view.get('/v1/state');
  const byHash = new Map(blocks.map((block) => [block.hash, block]));
  await press(page, 'f');
  await focused(page, '#panel-tree [data-hash]');
  const at = () => page.evaluate(() => document.activeElement.dataset.hash);
  const fork = await at();

  await page.keyboard.press('ArrowRight');
  const child = await at();
  assert.equal(byHash.get(child).prev, fork, 'Right goes to a child');
  const { height } = byHash.get(child);
  const before = await page.evaluate(() => document.activeElement.getBoundingClientRect().y);
  await page.keyboard.press('ArrowDown');
  if (await at() === child) await page.keyboard.press('ArrowUp');
  const beside = await at();
  assert.notEqual(beside, child, 'Up or Down goes to the other branch');
  assert.equal(byHash.get(beside).height, height, 'of the same height');
  assert.notEqual(await page.evaluate(() => document.activeElement.getBoundingClientRect().y), before);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await at(), byHash.get(beside).prev, 'Left goes to the parent');

  await page.keyboard.press('Enter');
  await page.waitForFunction(
    (text) => document.querySelector('#panel-inspector h3')?.textContent.startsWith(text),
    `Block ${byHash.get(await at()).height} `);
  assertCalm(page);
});

test('letters that are switched off do nothing', async (t) => {
  const view = await parted(t);
  const page = await open(t, view);
  await press(page, '?');
  await page.waitForSelector('dialog[open]');
  await page.locator('dialog[open] input[type=checkbox]').uncheck();
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'detached' });

  const requests = [];
  page.on('request', (request) => { if (request.method() === 'POST') requests.push(request.url()); });
  const before = await page.evaluate(() => [document.documentElement.style.fontSize, document.activeElement.id]);
  await blur(page);
  for (const key of [' ', '.', '[', ']', 'p', 'f', 'r', 'l', '/', '+', '-', '?']) await page.keyboard.press(key);
  // whatever a key began would be asked of the server before this
  await page.evaluate(() => fetch('/api/v1/state').then((response) => response.text()));
  assert.deepEqual(requests, []);
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.equal(await page.textContent('#live'), 'live');
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true, 'the focus did not move');
  assert.equal(await page.evaluate(() => document.documentElement.style.fontSize), before[0]);

  await page.reload();
  await reads(page, '#live', 'live');
  await press(page, '?');
  await page.evaluate(() => fetch('/api/v1/state').then((response) => response.text()));
  assert.equal(await page.locator('dialog[open]').count(), 0, 'the choice stays');
  await page.click('button[title="Keys and help"]');
  await page.waitForSelector('dialog[open]');
  assertCalm(page);
});

test('i leads to the inspector and Escape back', async (t) => {
  const page = await open(t, await parted(t));
  await press(page, 'f');
  await focused(page, '#panel-tree [data-hash]');
  const hash = await page.evaluate(() => document.activeElement.dataset.hash);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#panel-inspector h3');
  await focused(page, `#panel-tree [data-hash="${hash}"]`);
  await page.keyboard.press('i');
  await focused(page, '#tab-inspector-block');
  await page.keyboard.press('Escape');
  await focused(page, `#panel-tree [data-hash="${hash}"]`);
  await page.keyboard.press('Escape');
  await page.waitForSelector('#panel-inspector h3', { state: 'detached' });
  await focused(page, `#panel-tree [data-hash="${hash}"]`);
  assertCalm(page);
});

test('arrows go through the links of the events', async (t) => {
  const page = await open(t, await parted(t));
  // a page knows what happened since it was opened
  await press(page, ' ');
  await page.waitForSelector('#panel-log .log .link');
  await press(page, ' ');
  await pressed(page, '#pause', true);
  assert.equal(await page.locator('#panel-log .link:not([tabindex="-1"])').count(), 0, 'the list is one stop');
  await page.locator('#panel-log .log').focus();
  await page.keyboard.press('ArrowDown');
  await focused(page, '#panel-log .log .link');
  await page.keyboard.press('ArrowUp');
  await focused(page, '#panel-log .log');
  assertCalm(page);
});

test('healing by keyboard keeps the focus', async (t) => {
  const view = await parted(t);
  const page = await open(t, view);
  await press(page, 'p');
  await pressed(page, '#part', true);
  await page.locator('#panel-network .heal').focus();
  await page.keyboard.press('Enter');
  await pressed(page, '#part', false);
  await focused(page, '#part');
  assertCalm(page);
});
