// A stranger's text is shown as it is. Nothing of it becomes a part of the page.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { assertCalm, openPage, reads, runView, scratch, shown, startView, test } from './support.mjs';

const ATTACKS = [
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(2)</script>',
  '<!--<script>',
  '"><svg onload=alert(3)>',
  '${alert(4)}\u2028</style><style>*{display:none}</style>',
];

/** Records a run, and puts strangers' texts where strangers write. Returns the file, and the text of each block. */
async function hostileRecord(directory) {
  const file = join(directory, 'hostile.jsonl');
  await runView('--seed', '7', '--spacing', '2000', '--record', file, '--for', '30', '--headless');
  const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const texts = new Map();
  for (const event of lines.filter(({ type }) => type === 'block')) {
    event.extra = ATTACKS[texts.size % ATTACKS.length];
    event.extra_hex = Buffer.from(event.extra).toString('hex');
    texts.set(event.hash, event.extra);
  }
  const { seq, us } = lines.at(-1);
  const [hash] = texts.keys();
  const more = [
    { type: 'rejected', node: 1, what: 'block', hash, rule: 17, reason: ATTACKS[0] },
    { type: 'note', text: ATTACKS[1], level: 'info' },
    { type: ATTACKS[3], text: ATTACKS[3] },
  ].map((event, at) => ({ seq: seq + 1 + at, us, ...event }));
  writeFileSync(file, `${[...lines, ...more].map((line) => JSON.stringify(line)).join('\n')}\n`);
  return { file, texts };
}

/** Looks at each text where a page shows it. */
async function assertShownAsItIs(page, texts) {
  await reads(page, '#live', 'record');
  const slider = page.locator('.timeline input[type=range]');
  await slider.fill(await slider.getAttribute('max'));
  await shown(page);
  await page.selectOption('#panel-log select[aria-label="Which events"]', 'all');
  await page.waitForFunction(
    (text) => document.querySelector('#panel-log .log').textContent.includes(text), ATTACKS[1]);
  const log = await page.textContent('#panel-log .log');
  for (const text of [ATTACKS[0], ATTACKS[1], ATTACKS[3]]) assert.ok(log.includes(text), `the log shows ${text}`);

  let seen = 0;
  for (const [hash, text] of texts) {
    const block = page.locator(`#panel-tree [data-hash="${hash}"]`);
    if (await block.count() === 0) continue;
    await block.dispatchEvent('click');
    await page.waitForFunction(
      ([wanted]) => document.querySelector('#panel-inspector .stranger')?.textContent === wanted, [text]);
    seen += 1;
  }
  assert.ok(seen >= ATTACKS.length, `${seen} blocks are in the tree`);
  assert.equal(await page.locator('img, iframe, object, embed, script[src*="x"]:not([src^="vendor/"])').count(), 0);
  assertCalm(page);
}

test('a served record shows a stranger’s text as it is', async (t) => {
  const { file, texts } = await hostileRecord(scratch(t));
  const view = await startView(t, '--replay', file);
  await assertShownAsItIs(await openPage(t, view.url), texts);
});

test('a saved page shows a stranger’s text as it is', async (t) => {
  const directory = scratch(t);
  const { file, texts } = await hostileRecord(directory);
  const saved = join(directory, 'hostile.html');
  await runView('--replay', file, '--headless', '--save-page', saved);
  await assertShownAsItIs(await openPage(t, pathToFileURL(saved).href, { offline: true }), texts);
});
