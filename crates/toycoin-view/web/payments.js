// What the state and the events tell of a transaction, without asking a node.

import { clock, nodes, tape } from './store.js';

/** Most events that are searched for a transaction, the newest first. */
const SEARCHED_EVENTS = 20_000;

/** Returns the nodes where a transaction waits, and it as an event tells it. */
export function waitingOf(txid) {
  const places = nodes.value
    .map(({ node, mempool }) => ({ node, payment: mempool.find((payment) => payment.txid === txid) }))
    .filter(({ payment }) => payment !== undefined);
  return { nodes: places.map(({ node }) => node), payment: places[0]?.payment ?? null };
}

/** Returns the waiting transactions that spend one of the same coins: of them, a chain can hold only one. */
export function conflictsOf(txid, spends) {
  const coins = new Set(spends);
  const found = new Map();
  for (const { node, mempool } of nodes.value) {
    for (const payment of mempool) {
      if (payment.txid === txid || !payment.spends.some((coin) => coins.has(coin))) continue;
      const known = found.get(payment.txid) ?? { payment, nodes: [] };
      known.nodes.push(node);
      found.set(payment.txid, known);
    }
  }
  return [...found.values()];
}

/** Returns the waiting transactions that spend an output of this one. */
export function childrenOf(txid) {
  const found = new Set();
  for (const { mempool } of nodes.value) {
    for (const payment of mempool) {
      if (payment.spends.some((coin) => coin.startsWith(`${txid}:`))) found.add(payment.txid);
    }
  }
  return [...found];
}

/**
 * Returns what past events tell of a transaction that waits nowhere: the payment, and how it left. Either is null if
 * no event that is still held tells it.
 */
export function pastOf(txid) {
  let [payment, gone] = [null, null];
  const past = tape();
  for (const event of past.events(past.positionAt(clock.peek().us), SEARCHED_EVENTS).reverse()) {
    if (event.txid !== txid) continue;
    if (event.type === 'gone') gone ??= event;
    if (event.type === 'tx') payment ??= event;
    if (payment !== null && gone !== null) break;
  }
  return { payment, gone };
}
