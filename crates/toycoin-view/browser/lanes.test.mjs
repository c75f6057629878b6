import assert from 'node:assert/strict';
import { test } from 'node:test';

import { foundIn, linesOf } from '../web/lane-lines.js';

const sent = (message, us, to) => ({ type: 'sent', message, us, from: 0, to, tag: 'BLOC', bytes: 735, about: 'ab' });
const arrived = (message, us, to, fate = 'delivered') => ({ type: 'arrived', message, us, to, fate });
const brief = ({ to, sent: at, arrived: end, fate }) => [to, at, end, fate];

test('a message has one line for each recipient', () => {
  const events = [sent(1, 100, [1, 2, 3]), arrived(1, 150, 2), arrived(1, 160, 1, 'withheld')];
  assert.deepEqual(linesOf(events, [], 0, 200).map(brief),
    [[1, 100, 160, 'withheld'], [2, 100, 150, 'delivered'], [3, 100, null, 'flying']]);
});

test('a message in flight was sent before the events', () => {
  const flying = [{ message: 7, us: 10, from: 0, to: [2], tag: 'TXN ', bytes: 9 }];
  const lines = linesOf([arrived(7, 120, 1), arrived(8, 130, 1)], flying, 100, 200);
  assert.deepEqual(lines.map(brief), [[1, 10, 120, 'delivered'], [2, 10, null, 'flying']]);
});

test('lines outside the time are left out', () => {
  const events = [sent(1, 10, [1]), arrived(1, 20, 1), sent(2, 30, [1]), arrived(2, 60, 1), sent(3, 90, [1])];
  assert.deepEqual(linesOf(events, [], 50, 80).map(brief), [[1, 30, 60, 'delivered']]);
});

test('blocks found are marked on their miner alone', () => {
  const block = (us, miner) => ({ type: 'block', us, miner, hash: String(us), height: us });
  assert.deepEqual(foundIn([block(1, 0), block(5, 2), block(6, null), sent(1, 6, [1])], 2, 9),
    [{ hash: '5', height: 5, node: 2, us: 5 }]);
});
