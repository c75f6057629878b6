// The page's parts that need no browser. `node --test browser/page.test.mjs`

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Flights } from '../web/flights.js';
import { columnsOf, DRAWN_COLUMNS, forksOf, Lanes } from '../web/forest.js';
import { halves, parse, written } from '../web/grouping.js';
import { Marks } from '../web/marks.js';
import { minerClass } from '../web/palette.js';
import { labelDistance, labelOf, placesOf, radiusOf, sizeOf, wallsOf } from '../web/places.js';
import { compareBranches, difference, poolOf } from '../web/pool.js';
import { messages } from '../web/stream.js';
import { nodesInWords, ranges, sentence, short, time } from '../web/words.js';

/** Blocks from "a0 a1 b1<a0": a letter and a height, and the parent if it is not the letter's last block. */
function chain(text) {
  const blocks = [];
  for (const word of text.split(' ')) {
    const [hash, parent] = word.split('<');
    const height = Number(hash.slice(1));
    blocks.push({ hash, height, prev: parent ?? `${hash[0]}${height - 1}` });
  }
  return blocks;
}

const straight = (letter, from, to) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${letter}${from + at}`).join(' ');

function childrenOf(blocks) {
  const children = new Map();
  for (const { hash, prev } of blocks) children.set(prev, [...(children.get(prev) ?? []), hash]);
  return children;
}

function columns(blocks, { tips: hashes = [], end = null, opened = null } = {}) {
  const tips = new Map(hashes.map((tip) => [tip, [0]]));
  return columnsOf({ blocks, children: childrenOf(blocks), tips, end, opened, unfolded: 8 });
}

const WEB = new URL('../web/', import.meta.url);
const modules = new Map(readdirSync(WEB).filter((name) => name.endsWith('.js'))
  .map((name) => [name, readFileSync(new URL(name, WEB), 'utf8')]));

test('each module of the page can be read', () => {
  const read = `const { SourceTextModule } = require('node:vm');
    for (const [identifier, source] of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) {
      new SourceTextModule(source, { identifier });
    }`;
  const options = ['--experimental-vm-modules', '--no-warnings', '--eval', read];
  execFileSync(process.execPath, options, { input: JSON.stringify([...modules]), stdio: 'pipe' });
});

test('modules import what others export', () => {
  const names = (list) => list.split(',').map((item) => item.trim().split(' as ')[0]).filter((item) => item !== '');
  for (const [name, source] of modules) {
    for (const [, list, file] of source.matchAll(/^import \{([^}]*)\} from '\.\/([^']+)';/gm)) {
      const exporter = modules.get(file) ?? readFileSync(new URL(file, WEB), 'utf8');
      for (const wanted of names(list)) {
        const declared = new RegExp(`^export (async )?(const|let|function|function\\*|class) ${wanted}\\b`, 'm');
        const listed = new RegExp(`^export \\{[^}]*\\b${wanted}\\b[^}]*\\}`, 'm');
        assert.ok(declared.test(exporter) || listed.test(exporter), `${name}: ${wanted} of ${file}`);
      }
    }
  }
});

test('a block keeps its lane, whatever comes later', () => {
  const blocks = chain('a0 a1 a2 b2<a1 b3 c3<b2 a3 a4 d4<a3 b4');
  const lanes = new Lanes();
  const seen = new Map();
  for (let count = 1; count <= blocks.length; count += 1) {
    lanes.add(blocks.slice(0, count), new Map());
    for (const { hash } of blocks.slice(0, count)) {
      assert.equal(lanes.of(hash), seen.get(hash) ?? lanes.of(hash), hash);
      seen.set(hash, lanes.of(hash));
    }
  }
  const places = blocks.map(({ hash, height }) => `${height}/${lanes.of(hash)}`);
  assert.equal(new Set(places).size, blocks.length, 'no two blocks at one place');
  assert.deepEqual(['a0', 'a4', 'b2', 'b4', 'c3'].map((hash) => lanes.of(hash)), [0, 0, 1, 1, 2]);
});

test('a lane is used again, unless a node stands at its end', () => {
  const blocks = chain('a0 a1 b1<a0 a2 a3 a4 c4<a3');
  const free = new Lanes();
  free.add(blocks, new Map());
  assert.equal(free.of('c4'), 1);
  const taken = new Lanes();
  taken.add(blocks, new Map([['b1', [2]]]));
  assert.equal(taken.of('c4'), 2);
});

test('long straight runs are folded, forks and tips are not', () => {
  const blocks = chain(`${straight('a', 0, 100)} b51<a50`);
  const drawn = columns(blocks);
  const folds = drawn.filter(({ count }) => count !== undefined).map(({ from, to, count }) => [from, to, count]);
  assert.deepEqual(folds, [[0, 49, 50], [52, 92, 41]]);
  const told = drawn.reduce((sum, column) => sum + (column.count ?? 1), 0);
  assert.equal(told, 101, 'each height is told');
  const withTip = columns(blocks, { tips: ['a70'] });
  assert.ok(withTip.some(({ height }) => height === 70));
  const opened = columns(blocks, { opened: { from: 60, to: 84 }, end: 88 });
  assert.ok(opened.some(({ height }) => height === 60));
});

test('at most 40 heights are drawn, up to the one asked for', () => {
  const forked = Array.from({ length: 100 }, (_, height) => `a${height} b${height}<a${height - 1}`).join(' ');
  const drawn = columns(chain(forked));
  assert.equal(drawn.length, DRAWN_COLUMNS);
  assert.equal(drawn.at(-1).height, 99);
  assert.equal(columns(chain(forked), { end: 50 }).at(-1).height, 50);
  assert.deepEqual(columns([]), []);
});

test('forks are found from the newest to the oldest', () => {
  const blocks = chain('a0 a1 b1<a0 a2 a3 c3<a2');
  assert.deepEqual(forksOf(blocks, childrenOf(blocks)).map(({ hash }) => hash), ['a2', 'a0']);
});

test('groups are read as they are written', () => {
  assert.deepEqual(halves(5), [[0, 1, 2], [3, 4]]);
  assert.deepEqual(halves(1), [[0]]);
  for (const groups of [halves(32), [[0], [1, 2, 3]], [[0, 2], [1, 3]]]) {
    assert.deepEqual(parse(written(groups), 32), { groups, error: null });
  }
  for (const text of ['', ' | ', '4', '0 | 0', '0-9', 'x', '-1', '1e3', '0-']) {
    assert.notEqual(parse(text, 4).error, null, text);
  }
});

const payment = (txid, fee, spends = [`${txid}:0`]) => ({ txid, fee, size: 100, spends, pays: [], parents: [] });

test('mempools tell what is only here, and what conflicts', () => {
  const nodes = [
    { node: 0, mempool: [payment('a', 100), payment('b', 300, ['x:1'])] },
    { node: 1, mempool: [payment('a', 100), payment('c', 200, ['x:1'])] },
  ];
  const pool = poolOf(nodes, null);
  assert.deepEqual(pool.map(({ txid, at }) => [txid, at]), [['b', [0]], ['c', [1]], ['a', [0, 1]]]);
  assert.deepEqual([...pool[0].conflicts], ['c']);
  assert.deepEqual(poolOf(nodes, 1).map(({ txid }) => txid), ['c', 'a']);
  const { onlyA, both, onlyB } = difference(nodes, 0, 1);
  assert.deepEqual([onlyA, both, onlyB].map((list) => list.map(({ txid }) => txid)), [['b'], ['a'], ['c']]);
  assert.deepEqual(compareBranches(['1', '2'], ['2', '3']), { both: ['2'], lost: ['1'], won: ['3'] });
});

test('marks are reorganisations, and partitions with their ends', () => {
  const marks = new Marks({ groups: [] });
  const tip = (us, left) => ({ type: 'tip', us, node: 1, left, joined: ['x'] });
  const network = (us, groups) => ({ type: 'network', us, groups });
  const events = [tip(1, []), network(2, [[0]]), network(3, [[1]]), tip(4, ['y']), network(5, [])];
  for (const event of events) marks.add(event);
  const found = marks.list.map(({ us, kind }) => [us, kind]);
  assert.deepEqual(found, [[2, 'partition'], [4, 'reorganisation'], [5, 'heal']]);
  assert.equal(marks.last('reorganisation', 9).us, 4);
  assert.equal(marks.last('reorganisation', 1).us, 4, 'a later one, if there is none before');
  marks.forget(5);
  assert.equal(marks.list.length, 1);
});

test('a stream is read whatever pieces it comes in', async () => {
  const text = 'retry: 2000\n\nevent: state\r\nid: 0a-1\r\ndata: {"a":\ndata: 1}\n\n: comment\n\ndata:x\n\ndata: cut';
  const expected = [{ retry: 2_000 }, { event: 'state', id: '0a-1', data: '{"a":\n1}' }, { data: 'x' }];
  for (const size of [1, 2, 7, 1_000]) {
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const read = [];
    for await (const message of messages(body)) read.push(message);
    assert.deepEqual(read, expected, `pieces of ${size}`);
  }
});

test('no two of 32 miners look alike, and neighbours stand apart', () => {
  const numbers = [...Array(32).keys()];
  assert.equal(new Set(numbers.map(minerClass)).size, 32);
  for (const isNarrow of [false, true]) {
    const places = placesOf(32, isNarrow);
    for (const at of numbers) {
      const [a, b] = [places[at], places[(at + 1) % 32]];
      assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > 2 * radiusOf(32), `${at}`);
    }
  }
  assert.equal(wallsOf(halves(4), placesOf(4, false), false).length, 2);
  assert.equal(wallsOf([], placesOf(4, false), false).length, 0);
  assert.equal(new Set(wallsOf(halves(2), placesOf(2, false), false).map(({ d }) => d)).size, 2);
});

test('the labels of the ring lie within its drawing', () => {
  for (const isNarrow of [false, true]) {
    for (let amount = 1; amount <= 32; amount += 1) {
      const { width, height } = sizeOf(isNarrow, amount);
      const { w, h } = labelOf(amount);
      for (const [node, place] of placesOf(amount, isNarrow).entries()) {
        const far = labelDistance(place, amount);
        const [x, y] = [Math.abs(place.x + place.dx * far) + w / 2, Math.abs(place.y + place.dy * far) + h / 2];
        assert.ok(x <= width / 2 && y <= height / 2, `node ${node} of ${amount}, ${isNarrow ? 'narrow' : 'wide'}`);
      }
    }
  }
});

/** Where the dots of a drawing are: the centres of what is filled. */
function dots(flights, places) {
  const found = [];
  const context = {
    arc: (x, y) => found.push([x, y]), roundRect: (x, y, w, h) => found.push([x + w / 2, y + h / 2]),
    beginPath() {}, fill() {}, stroke() {}, moveTo() {}, lineTo() {},
  };
  flights.draw(context, { places, radius: 0, colours: {} });
  return found;
}

test('a dot reaches a node only after its message did', () => {
  const places = [{ x: -100, y: 0 }, { x: 100, y: 0 }];
  const flights = new Flights();
  flights.take([{ type: 'sent', message: 1, from: 0, to: [1], tag: 'BLOC' }], false);
  flights.advance(100);
  assert.ok(dots(flights, places)[0][0] < 0, 'still before the relay');
  flights.advance(5_000);
  const [[waiting]] = dots(flights, places);
  assert.ok(waiting > 0 && waiting < 75, `${waiting}`);
  flights.take([{ type: 'arrived', message: 1, to: 1, fate: 'delivered' }], false);
  flights.advance(60);
  const [[going]] = dots(flights, places);
  assert.ok(going >= waiting && going < 100, `${going}`);
  for (let ms = 0; ms < 3_000; ms += 16) {
    flights.advance(16);
    dots(flights, places);
  }
  assert.equal(flights.isEmpty, true);
});

test('a dot that is withheld never reaches its node', () => {
  const places = [{ x: -100, y: 0 }, { x: 100, y: 0 }];
  const flights = new Flights();
  flights.take([
    { type: 'sent', message: 1, from: 0, to: [1], tag: 'TXN' },
    { type: 'arrived', message: 1, to: 1, fate: 'withheld' },
  ], false);
  for (let ms = 0; ms < 3_000; ms += 16) {
    flights.advance(16);
    for (const [x] of dots(flights, places)) assert.ok(x < 50, `${x}`);
  }
  assert.equal(flights.isEmpty, true);
});

test('nothing moves for those who asked for less motion', () => {
  const flights = new Flights();
  flights.take([{ type: 'sent', message: 1, from: 0, to: [1], tag: 'TXN' }], true);
  assert.equal(flights.isEmpty, true);
});

test('hashes keep their zeros, lists become ranges, times read well', () => {
  assert.equal(short('000000000000abcdef'), '000000000000abcd');
  assert.equal(short('00abcdef0123'), '00abcdef');
  assert.equal(ranges([3, 1, 2, 7, 5]), '1–3, 5, 7');
  assert.equal(nodesInWords([4, 2]), 'nodes 4 and 2');
  assert.equal(time(12_034_000), '12.034 s');
  assert.equal(time(187_200_000), '3:07.2');
  assert.equal(time(59_999_900), '1:00.0');
  assert.equal(time(179_960_000), '3:00.0');
  assert.equal(time(7_199_970_000), '2:00:00.0');
});

test('each event has its sentence', () => {
  const say = (event, nodes) => sentence(event, nodes).map((part) => part.text ?? part).join('');
  assert.equal(say({ type: 'block', miner: 2, height: 9, hash: '00aabbccdd', txs: 2 }),
    'node 2 found block 9 00aabbcc, 1 payment inside');
  const tip = { type: 'tip', node: 1, hash: '00aabbccdd', height: 9, left: ['x'], left_count: 120, joined: ['y', 'z'] };
  assert.equal(say(tip), 'node 1 reorganised: 120 blocks left, 2 joined, now on block 9 00aabbcc');
  assert.equal(say({ ...tip, left: [], left_count: undefined }, [0, 1]), 'nodes 0 and 1 stand on block 9 00aabbcc');
  assert.equal(say({ type: 'network', groups: [[0, 1], [2, 3]], down: [], faults: [] }),
    'The network is parted: 0, 1 | 2, 3');
  assert.equal(say({ type: 'rejected', node: 1, what: 'block', hash: '00aabbccdd', rule: 9, reason: '<b>x</b>' }),
    'node 1 refused block 00aabbcc by R09: <b>x</b>');
});
