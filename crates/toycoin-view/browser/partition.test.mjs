// The network is parted and healed by the page's button, on both stages.

import assert from 'node:assert/strict';

import { assertCalm, openPage, reads, said, startView, test } from './support.mjs';

const STAGES = {
  simulated: ['--seed', '7', '--spacing', '1000'],
  live: ['--live'],
};

for (const [stage, args] of Object.entries(STAGES)) {
  test(`parts and heals a ${stage} network by its button`, async (t) => {
    const view = await startView(t, ...args);
    const page = await openPage(t, view.url);
    await reads(page, '#live', 'live');
    await page.waitForFunction(() => Number(document.querySelector('#height').textContent) >= 2);
    assert.equal(new URL(page.url()).hash, '', 'the token is not left in the address');

    await page.click('#part');
    await page.waitForFunction(() => document.querySelector('#part').getAttribute('aria-pressed') === 'true');
    await page.waitForFunction(() => {
      const rivals = document.querySelectorAll('#panel-tree [data-hash][aria-label*="on a rival branch"]');
      return document.querySelector('#tips').textContent === '2' && rivals.length >= 2;
    });
    await said(page, /^height \d+, 2 tips$/);

    await page.click('#part');
    await page.waitForFunction(() => {
      const stale = document.querySelectorAll('#panel-tree [data-hash][aria-label*=", stale"]');
      return document.querySelector('#tips').textContent === '1' && stale.length >= 1;
    });
    assert.equal(await page.getAttribute('#part', 'aria-pressed'), 'false');
    await said(page, /^Reorganisation: nodes? .* for a branch with more work/);
    await page.waitForFunction(() => /^height \d+, 1 tip$/.test(globalThis.said.at(-1)));
    const { groups, blocks } = await view.get('/v1/state');
    assert.deepEqual(groups, []);
    assert.ok(blocks.length > 3);
    assertCalm(page);
  });
}
