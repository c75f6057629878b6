// What the browser tests share: the program, the browser, and what a page complains of.
//
// Tests wait for conditions, never for a time. Each test file starts one browser at most, and whatever a test started
// ends with it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test as nodeTest } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Longest time for one test. Conditions are waited for less long, so that the one that failed is named. */
const TEST_MS = 120_000;
/** Longest time for one condition. It is long because the machines of CI are slow. */
export const WAIT_MS = 60_000;
/** Longest time in which a program that was asked to end may do so. */
const END_MS = 10_000;

const PROGRAM = process.env.TOYCOIN_VIEW ?? join(ROOT, 'target/debug/examples/view');
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A test with a bound on its time. */
export function test(name, run) {
  nodeTest(name, { timeout: TEST_MS }, run);
}

// --- the program

/** Programs that still run. They end with this process, however it ends. */
const programs = new Set();
process.on('exit', () => programs.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

function run(args) {
  assert.ok(existsSync(PROGRAM), `${PROGRAM} is missing: cargo build --example view, or set TOYCOIN_VIEW`);
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  programs.add(child);
  const program = { child, errors: '' };
  child.stderr.setEncoding('utf8').on('data', (text) => { program.errors = (program.errors + text).slice(-4_000); });
  program.ended = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      programs.delete(child);
      resolve(signal ?? code);
    });
  });
  return program;
}

/** Runs the program until it ends by itself. */
export async function runView(...args) {
  const program = run(args);
  program.child.stdout.resume();
  assert.equal(await program.ended, 0, program.errors);
}

/**
 * Starts the program with a page, on a free port unless `args` name an address, and ends it with the test `t`.
 * Returns its links and how to talk to it.
 */
export async function startView(t, ...args) {
  const web = process.env.TOYCOIN_VIEW_WEB === undefined ? [] : ['--web', process.env.TOYCOIN_VIEW_WEB];
  const addr = args.includes('--addr') ? [] : ['--addr', '127.0.0.1:0'];
  const program = run([...addr, ...web, ...args]);
  const stop = () => ended(program);
  t.after(stop);
  const links = [];
  for await (const line of createInterface({ input: program.child.stdout })) {
    if (line.startsWith('http://')) links.push(line.trim());
    if (links.length === 2) break;
  }
  assert.equal(links.length, 2, `the program printed no links: ${program.errors}`);
  program.child.stdout.resume();
  const [url, watchUrl] = links;
  const { origin, hash } = new URL(url);
  const token = new URLSearchParams(hash.slice(1)).get('token');
  return { url, watchUrl, origin, token, stop, get: (path) => get(origin, path), post: poster(origin, token) };
}

async function ended(program) {
  program.child.kill('SIGTERM');
  const timer = setTimeout(() => program.child.kill('SIGKILL'), END_MS);
  await program.ended;
  clearTimeout(timer);
}

/** Asks the server: JSON parsed, text as it is. */
async function get(origin, path) {
  const response = await fetch(`${origin}/api${path}`);
  const text = await response.text();
  assert.ok(response.ok, `GET ${path}: ${response.status} ${text}`);
  return response.headers.get('Content-Type').includes('json') ? JSON.parse(text) : text;
}

function poster(origin, token) {
  return async (path, body = {}) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    const response = await fetch(`${origin}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(response.ok, `POST ${path}: ${response.status} ${await response.text()}`);
  };
}

/** Lets a simulated network run at speed 64 until `isReached(state)` holds, then pauses it. Returns that state. */
export async function forward(view, isReached) {
  await view.post('/clock', { do: 'speed', speed: 64 });
  const until = Date.now() + WAIT_MS;
  for (;;) {
    await view.post('/clock', { do: 'run' });
    while (!isReached(await view.get('/v1/state'))) {
      assert.ok(Date.now() < until, 'the network did not come to the wanted state');
    }
    await view.post('/clock', { do: 'pause' });
    // it went on until it heard of the pause
    const state = await view.get('/v1/state');
    if (isReached(state)) return state;
    assert.ok(Date.now() < until, 'the network did not stay in the wanted state');
  }
}

export const heightOf = (state) => Math.max(...state.nodes.map(({ height }) => height));
export const tipsOf = (state) => new Set(state.nodes.map(({ tip }) => tip));

// --- files

/** Makes a directory that vanishes with the test. */
export function scratch(t) {
  const directory = mkdtempSync(join(tmpdir(), 'toycoin-view-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Returns the path of a screenshot, in target/screenshots. */
export function screenshot(name) {
  const directory = join(ROOT, 'target/screenshots');
  mkdirSync(directory, { recursive: true });
  return join(directory, `${name}.png`);
}

// --- the browser

let browser = null;
after(async () => { await browser?.close(); });

async function launch() {
  const executablePath = process.env.TOYCOIN_BROWSER ?? BROWSERS.find(existsSync);
  assert.ok(executablePath, `none of ${BROWSERS.join(', ')} is there: install chromium, or set TOYCOIN_BROWSER`);
  // in a container there is no user namespace for the sandbox, and /dev/shm may be small
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--hide-scrollbars', '--no-first-run'];
  return chromium.launch({ executablePath, headless: true, args, timeout: WAIT_MS });
}

/**
 * Opens a page, and closes it with the test. `page.complaints` collects what must stay empty: console errors, uncaught
 * exceptions, reports of the content policy, dialogs. `options` are those of a Playwright context.
 */
export async function openPage(t, url, options = {}) {
  browser ??= await launch();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  t.after(() => context.close());
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.complaints = await complaintsOf(page);
  await page.addInitScript(watchStatus);
  await page.goto(url);
  return page;
}

async function complaintsOf(page) {
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.name} ${error.message} ${error.stack}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.exposeFunction('reportPolicy', (text) => complaints.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
      globalThis.reportPolicy(`${violatedDirective} ${blockedURI} ${sample}`);
    });
  });
  return complaints;
}

/** Keeps all that the status line ever said, so that a slow test does not miss a remark. */
function watchStatus() {
  const said = [];
  globalThis.said = said;
  const look = () => {
    const text = document.querySelector('[role=status].status')?.textContent ?? '';
    if (text !== '' && text !== said.at(-1)) said.push(text);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}

/** Waits until the status line says, or said, something. */
export function said(page, pattern) {
  return page.waitForFunction(
    (source) => globalThis.said.some((text) => new RegExp(source).test(text)), pattern.source);
}

/** Waits until the page shows a network, from a server or a record. */
export async function shown(page) {
  await page.waitForFunction(() => document.querySelectorAll('#panel-tree [data-key]').length > 0);
}

/** Waits until the text of an element is as given. */
export function reads(page, selector, text) {
  return page.waitForFunction(
    ([at, wanted]) => document.querySelector(at)?.textContent.trim() === wanted, [selector, text]);
}

/** Asserts that nothing went wrong in a page. */
export function assertCalm(page) {
  assert.deepEqual(page.complaints, []);
}
