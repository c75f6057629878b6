// The inspector: reached by keyboard, its hashes and proofs equal the server's.

import assert from 'node:assert/strict';

import { blake3 } from '../web/vendor/blake3.js';
import { assertCalm, forward, heightOf, openPage, reads, startView, test, tipsOf } from './support.mjs';

const BLOCKS = 50;
/** Most presses of Tab from the top of the page to the tree. */
const MOST_TABS = 60;
/** Most blocks of a run that a fold opens. */
const MOST_FOLDED = 40;
/** Where the nonce is in a header. */
const NONCE_AT = 120;
const FLAWLESS = '✓ As far as a header tells, it breaks no rule.';

const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** Returns a network that stands still on one chain of at least so many blocks, with payments in them. */
async function settled(t, height) {
  const view = await startView(t, '--seed', '7', '--spacing', '1000', '--payments', '4');
  await view.post('/clock', { do: 'pause' });
  const state = await forward(view, (now) => heightOf(now) >= height && tipsOf(now).size === 1);
  return { view, state };
}

async function openSettled(t, height) {
  const { view, state } = await settled(t, height);
  const page = await openPage(t, view.url);
  await reads(page, '#live', 'live');
  await reads(page, '#height', String(heightOf(state)));
  return { view, state, page };
}

const focusedKey = (page) => page.evaluate(() => document.activeElement.dataset?.key ?? null);

async function tabToTree(page) {
  for (let presses = 0; presses < MOST_TABS; presses += 1) {
    await page.keyboard.press('Tab');
    const key = await focusedKey(page);
    if (key !== null) return key;
  }
  return assert.fail(`no block has the focus after ${MOST_TABS} presses of Tab`);
}

/** Goes to the parent of what has the focus; opens the run of blocks in between if it is folded. Returns its hash. */
async function toParent(page, prevs) {
  const from = await focusedKey(page);
  await page.keyboard.press('ArrowLeft');
  const key = await focusedKey(page);
  if (!key.startsWith('fold-')) {
    assert.equal(key, prevs.get(from), 'Left goes to the parent');
    return key;
  }
  await page.keyboard.press('Enter');
  await page.waitForFunction((fold) => document.querySelector(`[data-key="${fold}"]`) === null
    && document.activeElement.dataset.key !== undefined, key);
  // the focus is somewhere in the run that was folded
  for (let presses = 0; presses < MOST_FOLDED; presses += 1) {
    const at = await focusedKey(page);
    if (at === prevs.get(from)) return at;
    await page.keyboard.press('ArrowRight');
    assert.notEqual(await focusedKey(page), from, 'the run lies between');
  }
  return assert.fail('the focus went into the run that was opened');
}

test('the keyboard alone reaches a block and its hash', async (t) => {
  const { view, state, page } = await openSettled(t, BLOCKS + 2);
  const first = await tabToTree(page);
  assert.equal(first, state.nodes[0].tip, 'the tree begins with the newest block');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('#panel-inspector h3')?.textContent.startsWith('Block '));

  // the tabs of the inspector, by keyboard
  await page.locator('#tab-inspector-block').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.activeElement.id === 'tab-inspector-bytes');
  await page.locator(`[data-key="${first}"]`).focus();

  const heights = new Map(state.blocks.map(({ hash, height }) => [hash, height]));
  const prevs = new Map(state.blocks.map(({ hash, prev }) => [hash, prev]));
  for (let hash = first, left = BLOCKS; ; left -= 1) {
    const height = heights.get(hash);
    assert.equal(await view.get(`/block-height/${height}`), hash, `the server's block ${height}`);
    await page.waitForFunction(
      (wanted) => document.querySelector('#panel-inspector .computed-hash')?.textContent === wanted, hash);
    assert.ok((await page.textContent('#panel-inspector .check .verdict')).startsWith('✓'), `block ${height}`);
    if (left === 1) break;
    hash = await toParent(page, prevs);
    await page.keyboard.press('Enter');
  }
  assertCalm(page);
});

test('a changed nonce shows which rule it breaks', async (t) => {
  const { view, state, page } = await openSettled(t, 5);
  const { tip } = state.nodes[0];
  const bytes = Buffer.from(await view.get(`/block/${tip}/header`), 'hex');
  const { bits } = state.blocks.find(({ hash }) => hash === tip);
  const target = BigInt(bits & 0x7fffff) << BigInt(8 * ((bits >>> 24) - 3));
  await page.locator(`[data-hash="${tip}"]`).dispatchEvent('click');
  await page.click('#tab-inspector-bytes');
  await page.waitForSelector(`.trial >> text="${FLAWLESS}"`);

  // a network of a class is so easy that some nonces are as good as the real one
  for (let broken = false, tries = 0; !broken; tries += 1) {
    assert.ok(tries < 64, 'some nonce breaks the rule');
    await page.click('.trial .editor >> text="+1"');
    bytes.writeBigUInt64LE(BigInt.asUintN(64, bytes.readBigUInt64LE(NONCE_AT) + 1n), NONCE_AT);
    const hash = hex(blake3(bytes));
    broken = BigInt(`0x${hash}`) > target;
    await page.waitForFunction(
      (is) => (document.querySelector('.trial .broken .rule b')?.textContent === 'R11') === is
        && (document.querySelector('.trial .verdict').textContent.includes('above the target')) === is, broken);
  }
  const rules = await view.get('/v1/rules');
  const text = await page.textContent('.trial .broken .rule');
  assert.ok(text.includes(rules.find(({ rule }) => rule === 11).text), text);

  await page.click('text="Back to the real header"');
  await page.waitForSelector(`.trial >> text="${FLAWLESS}"`);
  assertCalm(page);
});

test('the Merkle path drawn is the server’s proof', async (t) => {
  const { view, state, page } = await openSettled(t, 8);
  // a block whose tree is drawn whole, on the active chain; the newest one, since older ones may be folded
  const active = await Promise.all(state.blocks.filter(({ txs }) => txs >= 3 && txs <= 16)
    .map(async (block) => ({ block, status: await view.get(`/block/${block.hash}/status`) })));
  const { block } = active.findLast(({ status }) => status.in_best_chain) ?? assert.fail('no block holds payments');
  for (const [index, txid] of (await view.get(`/block/${block.hash}/txids`)).slice(0, 4).entries()) {
    const proof = await view.get(`/tx/${txid}/merkle-proof`);
    assert.equal(proof.pos, index);
    await page.locator(`#panel-tree [data-hash="${block.hash}"]`).dispatchEvent('click');
    await page.click('#tab-inspector-block');
    await page.locator(`#view-inspector button[title="${txid}"]`).first().click();
    await page.click('#tab-inspector-merkle');
    await page.waitForFunction(
      (count) => document.querySelectorAll('.steps .sibling').length === count
        && document.querySelector('#panel-inspector').textContent.includes('✓ The path is the node’s Merkle proof.'),
      proof.merkle.length);
    const drawn = await page.$$eval('.steps .sibling', (parts) => parts.map((part) => part.title));
    assert.deepEqual(drawn, proof.merkle);
    assert.equal(await page.locator('.merkle .node.sibling').count(), proof.merkle.length, 'boxes of the proof');
    const root = await page.locator('.steps li:last-child .hash').textContent();
    const header = await view.get(`/block/${block.hash}/header`);
    assert.ok(header.includes(root), 'the header holds the root');
  }
  assertCalm(page);
});
