// What all mempools hold together: each payment once, with the nodes that hold it and the payments it conflicts with.

/** Returns a node's mempool, or that of all nodes (`null`), by falling fee rate. */
export function poolOf(nodes, node) {
  const all = new Map();
  const spenders = new Map();
  const up = nodes.filter(({ mempool }) => mempool !== undefined);
  for (const { node: number, mempool } of up) {
    for (const payment of mempool) {
      const known = all.get(payment.txid);
      if (known !== undefined) {
        known.at.push(number);
        continue;
      }
      const entry = { ...payment, rate: payment.fee / Math.max(1, payment.size), at: [number], conflicts: new Set() };
      all.set(payment.txid, entry);
      for (const coin of payment.spends) {
        const rivals = spenders.get(coin) ?? [];
        for (const rival of rivals) {
          rival.conflicts.add(entry.txid);
          entry.conflicts.add(rival.txid);
        }
        spenders.set(coin, [...rivals, entry]);
      }
    }
  }
  const held = [...all.values()].filter(({ at }) => node === null || at.includes(node));
  return held.sort((a, b) => b.rate - a.rate || (a.txid < b.txid ? -1 : 1));
}

/** Sorts the payments of two nodes: only at the first, at both, only at the second. */
export function difference(nodes, a, b) {
  const pool = poolOf(nodes, null);
  const has = (payment, node) => payment.at.includes(node);
  return {
    onlyA: pool.filter((payment) => has(payment, a) && !has(payment, b)),
    both: pool.filter((payment) => has(payment, a) && has(payment, b)),
    onlyB: pool.filter((payment) => has(payment, b) && !has(payment, a)),
  };
}

/** Sorts the payments of two branches: in both, only in the lost one, only in the one that won. */
export function compareBranches(lost, won) {
  const inLost = new Set(lost);
  const inWon = new Set(won);
  return {
    both: won.filter((txid) => inLost.has(txid)),
    lost: lost.filter((txid) => !inWon.has(txid)),
    won: won.filter((txid) => !inLost.has(txid)),
  };
}

/** Writes a fee rate. */
export const rateInWords = (rate) => (rate >= 100 ? rate.toFixed(0) : rate >= 10 ? rate.toFixed(1) : rate.toFixed(2));
