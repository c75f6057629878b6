// The look: widths and themes, what axe finds, and whether each table says what its drawing shows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  assertCalm, forward, heightOf, openPage, reads, runView, scratch, screenshot, shown, startView, test, tipsOf,
} from './support.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [[360, 740], [1280, 900], [1920, 1080]];
const LOOKS = {
  light: { colorScheme: 'light', reducedMotion: 'no-preference' },
  dark: { colorScheme: 'dark', reducedMotion: 'no-preference' },
  calm: { colorScheme: 'light', reducedMotion: 'reduce' },
};
const INSPECTOR = ['block', 'transaction', 'bytes', 'merkle', 'coins'];

/** Whether payments wait at each node: a block may just have taken all. */
const allWait = (state) => state.nodes.every(({ mempool }) => mempool.length > 0);

/** A parted network that stands still, with forks, payments and messages in flight. */
async function standing(t, ...args) {
  const view = await startView(t, '--seed', '7', '--spacing', '1000', '--payments', '4', ...args);
  await view.post('/network/partition', { groups: [[0, 1]] });
  await forward(view, (state) => heightOf(state) >= 8 && tipsOf(state).size === 2 && allWait(state)
    && Math.max(...state.blocks.map(({ txs }) => txs)) >= 3);
  return view;
}

async function open(t, view, [width, height], look) {
  const page = await openPage(t, view.url, { viewport: { width, height }, ...look });
  await reads(page, '#live', 'live');
  await shown(page);
  return page;
}

/** Asserts that the page does not scroll sideways, and names what is too wide. */
async function assertFits(page, name) {
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const isOut = (element) => element.getBoundingClientRect().right > clientWidth + 0.5;
    const isInBox = (element) => element.closest('.scroll, .view, [style*="overflow"]') !== null;
    return [`${scrollWidth} > ${clientWidth}`, ...[...document.querySelectorAll('body *')]
      .filter((element) => isOut(element) && !isInBox(element)).slice(0, 5)
      .map((element) => element.outerHTML.slice(0, 120))];
  });
  assert.deepEqual(wide, [], `${name}: the page scrolls sideways`);
}

/** Asserts that axe finds nothing. It waits until nothing fades any more: half a colour has half the contrast. */
async function assertAccessible(page, name) {
  await page.evaluate(() => {
    const ending = document.getAnimations().filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime));
    return Promise.allSettled(ending.map(({ finished }) => finished));
  });
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    const reason = ({ target, any, all, none }) => `${target.join(' ')}: ${[...any, ...all, ...none][0]?.message}`;
    return found.map(({ id, nodes }) => `${id} (${nodes.length}) ${nodes.slice(0, 3).map(reason).join(' | ')}`);
  });
  assert.deepEqual(violations, [], `${name}: axe`);
}

/** Chooses a payment of the active chain: for others, the server has no proof. */
async function chooseTransaction(view, page) {
  const { blocks } = await view.get('/v1/state');
  const isActive = async ({ hash }) => (await view.get(`/block/${hash}/status`)).in_best_chain;
  const full = blocks.filter(({ txs }) => txs >= 3);
  const active = await Promise.all(full.map(isActive));
  const block = full[active.lastIndexOf(true)];
  const [, txid] = await view.get(`/block/${block.hash}/txids`);
  await page.locator(`#panel-tree [data-hash="${block.hash}"]`).dispatchEvent('click');
  await page.locator(`#panel-inspector button[title="${txid}"]`).first().click();
  await page.waitForSelector('#panel-inspector h3 >> text=/^Transaction /');
}

for (const size of WIDTHS) {
  for (const [look, media] of Object.entries(LOOKS)) {
    test(`fits ${size[0]} pixels, ${look}, and axe finds nothing`, async (t) => {
      const view = await standing(t);
      const page = await open(t, view, size, media);
      const name = `${size[0]}-${look}`;
      await chooseTransaction(view, page);
      await assertFits(page, name);
      await page.screenshot({ path: screenshot(name), fullPage: true });
      await assertAccessible(page, name);
      for (const tab of ['tab-tree-table', 'tab-network-table', 'tab-mempool-table', 'tab-inspector-bytes']) {
        await page.click(`#${tab}`);
      }
      await page.waitForSelector('#panel-inspector .computed-hash');
      await assertFits(page, `${name}, tables`);
      await page.screenshot({ path: screenshot(`${name}-tables`), fullPage: true });
      await assertAccessible(page, `${name}, tables`);
      assertCalm(page);
    });
  }
}

test('axe finds nothing in any tab or dialog', async (t) => {
  const view = await standing(t);
  const page = await open(t, view, WIDTHS[1], LOOKS.light);
  await chooseTransaction(view, page);
  await page.click('#tab-network-lanes');
  await page.click('#tab-mempool-difference');
  for (const [at, tab] of INSPECTOR.entries()) {
    await page.click(`#tab-inspector-${tab}`);
    await page.click(`#tab-charts-${['difficulty', 'rate', 'miners'][at % 3]}`);
    await page.waitForFunction(
      () => !/Asking the node|Loading BLAKE3/.test(document.querySelector('#panel-inspector').textContent));
    await assertAccessible(page, tab);
    await page.locator('#panel-inspector').screenshot({ path: screenshot(`inspector-${tab}`) });
  }
  for (const button of ['#part-menu', '#pay', '#faults', 'button[title="Keys and help"]']) {
    if (button === '#part-menu') await view.post('/network/heal');
    await page.click(button);
    await page.waitForSelector('dialog[open]');
    await assertAccessible(page, button);
    await page.screenshot({ path: screenshot(`dialog-${button.replace(/\W+/g, '')}`) });
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
  }
  await page.click('#tab-network-ring');
  await page.locator('#panel-network [data-node="1"]').dispatchEvent('click');
  await page.waitForSelector('.node-strip');
  await assertAccessible(page, 'a node');
  assertCalm(page);
});

/** Returns the height of the tip with the most work. A rival branch may be higher, if its blocks were easier. */
function activeHeight({ nodes, blocks }) {
  const tips = blocks.filter(({ hash }) => nodes.some(({ tip }) => tip === hash));
  const [best] = tips.sort((a, b) => Number(BigInt(`0x${b.work}`) - BigInt(`0x${a.work}`)));
  return best.height;
}

/** Where each drawing is: the tabs that lead to it, its shapes, and the tab of its table. */
const DRAWINGS = [
  { name: 'tree', tabs: ['tree-drawing'], shapes: '#view-tree svg [data-key]', table: 'tree-table', view: 'tree' },
  { name: 'ring', tabs: ['network-ring'], shapes: '.ring [data-node]', table: 'network-table', view: 'network' },
  { name: 'lanes', tabs: ['network-lanes', 'lanes-drawing'], shapes: '#view-lanes .shape', table: 'lanes-table',
    view: 'lanes' },
  { name: 'mempool', tabs: ['mempool-bars'], shapes: '.bars .bar', table: 'mempool-table', view: 'mempool' },
  { name: 'merkle', tabs: ['inspector-merkle', 'merkle-drawing'], shapes: '.merkle .shape', table: 'merkle-table',
    view: 'merkle' },
  { name: 'coins', tabs: ['inspector-coins', 'flow-drawing'], shapes: '#view-flow .shape', table: 'flow-table',
    view: 'flow' },
];

test('each table has a row for each shape of its drawing', async (t) => {
  const view = await standing(t);
  const page = await open(t, view, WIDTHS[1], LOOKS.light);
  // only messages that the page saw are in its lanes
  const { height } = (await view.get('/v1/state')).nodes[0];
  await forward(view, (state) => state.nodes[0].height > height && allWait(state));
  await chooseTransaction(view, page);
  for (const { name, tabs, shapes, table, view: id } of DRAWINGS) {
    for (const tab of tabs) await page.click(`#tab-${tab}`);
    await page.waitForSelector(shapes, { state: 'attached' });
    const drawn = await page.locator(shapes).count();
    await page.click(`#tab-${table}`);
    await page.waitForSelector(`#view-${id} tbody`);
    assert.equal(await page.locator(`#view-${id} tbody tr`).count(), drawn, name);
  }
  // a chart is a canvas: its shapes are the blocks of the active chain
  const state = await view.get('/v1/state');
  await reads(page, '#height', String(heightOf(state)));
  const chain = activeHeight(state) + 1;
  for (const [tab, id] of [['difficulty', 'difficulty'], ['rate', 'hash-rate']]) {
    await page.click(`#tab-charts-${tab}`);
    await page.waitForSelector('#view-charts canvas');
    await page.click(`#tab-${id}-table`);
    await page.waitForSelector(`#view-${id} tbody`);
    assert.equal(await page.locator(`#view-${id} tbody tr`).count(), chain, `${id}: blocks`);
  }
  assertCalm(page);
});

test('32 nodes fit 360 and 1280 pixels', async (t) => {
  const view = await standing(t, '--nodes', '32');
  for (const size of WIDTHS.slice(0, 2)) {
    const page = await open(t, view, size, LOOKS.light);
    assert.equal(await page.locator('#panel-network [data-node]').count(), 32);
    await assertFits(page, `32 nodes at ${size[0]}`);
    await page.screenshot({ path: screenshot(`${size[0]}-32-nodes`), fullPage: true });
    await assertAccessible(page, `32 nodes at ${size[0]}`);
    assertCalm(page);
  }
});

test('a saved page fits 360 pixels and axe finds nothing', async (t) => {
  const directory = scratch(t);
  const [record, saved] = [join(directory, 'run.jsonl'), join(directory, 'run.html')];
  await runView('--record', record, '--for', '40', '--headless', '--save-page', saved);
  const page = await openPage(t, pathToFileURL(saved).href, { viewport: { width: 360, height: 740 }, offline: true });
  await shown(page);
  const slider = page.locator('.timeline input[type=range]');
  await slider.fill(await slider.getAttribute('max'));
  await page.locator('#panel-tree [data-hash]').last().dispatchEvent('click');
  await assertFits(page, 'saved page');
  await page.screenshot({ path: screenshot('360-saved'), fullPage: true });
  await assertAccessible(page, 'saved page');
  assertCalm(page);
});
