// After a reorganisation: which payments were in both branches, which in the lost one only, which in the new one only.

import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { Link } from './panel.js';
import { compareBranches } from './pool.js';
import { api, calmState, connection, marks, position, select, tape } from './store.js';
import { count, farewell, short, time } from './words.js';

const MOST_BLOCKS = 30;
const MOST_LISTED = 50;
const SAME_US = 2_000_000;

/** The payments of blocks by hash, without their coinbases. A block never changes. */
const known = new Map();

async function paymentsOf(hashes) {
  const lists = await Promise.all(hashes.slice(-MOST_BLOCKS).map(async (hash) => {
    if (!known.has(hash)) known.set(hash, (await api(`/block/${hash}/txids`)).slice(1));
    return known.get(hash);
  }));
  while (known.size > 10 * MOST_BLOCKS) known.delete(known.keys().next().value);
  return lists.flat();
}

/** The last reorganisation before the moment shown: of those that several nodes did together, the longest. */
function lastReorganisation() {
  const us = calmState.value.us;
  const all = marks().list.filter((mark) => mark.kind === 'reorganisation' && mark.us <= us);
  const last = all.at(-1);
  if (last === undefined) return null;
  const together = all.filter((mark) => last.us - mark.us < SAME_US);
  return together.reduce((longest, mark) => (mark.left.length > longest.left.length ? mark : longest));
}

export function Branches() {
  const mark = lastReorganisation();
  const [found, setFound] = useState(null);
  const key = mark === null ? '' : `${mark.left[0]} ${mark.joined.at(-1)}`;
  useEffect(() => {
    let isWanted = true;
    setFound(null);
    if (mark === null || connection.peek() === 'record') return undefined;
    // without an answer the blocks alone are told
    Promise.all([paymentsOf(mark.left), paymentsOf(mark.joined)])
      .then(([lost, won]) => { if (isWanted) setFound(compareBranches(lost, won)); }, () => undefined);
    return () => { isWanted = false; };
  }, [key]);
  if (mark === null) return null;
  const blocks = `Reorganisation at ${time(mark.us)}: ${count(mark.left.length, 'block')} became stale, `
    + `${mark.joined.length} took ${mark.left.length === 1 ? 'its' : 'their'} place.`;
  if (found === null) return html`<p class="branches">${blocks}</p>`;
  const lost = found.lost.length;
  const payments = ` ${lost === 0 ? 'No payment' : count(lost, 'payment')} ${lost > 1 ? 'were' : 'was'} undone.`;
  return html`<details class="branches"><summary>${blocks}${payments}</summary>
    <div class="difference">
      <${List} title="Undone: only in the stale branch" txids=${found.lost} say=${fate} />
      <${List} title="In both branches" txids=${found.both} />
      <${List} title="Only in the new branch" txids=${found.won} />
    </div>
  </details>`;
}

function List({ title, txids, say = () => '' }) {
  return html`<section><h3>${title} <b>${txids.length}</b></h3>
    <ul class="plain-list">${txids.slice(0, MOST_LISTED).map((txid) => html`<li key=${txid}>
      <${Link} to=${{ kind: 'tx', id: txid }} onSelect=${select}>${short(txid)}<//> ${say(txid)}</li>`)}</ul>
    ${txids.length > MOST_LISTED && html`<p class="hint">The first ${MOST_LISTED}.</p>`}</section>`;
}

/** What became of a payment whose block left the active chain. */
function fate(txid) {
  const { nodes } = calmState.value;
  if (nodes.some(({ mempool }) => mempool.some((payment) => payment.txid === txid))) return 'waits again';
  const seen = tape();
  for (let at = position() - 1; at >= seen.first; at -= 1) {
    const entry = seen.entry(at);
    if (entry.type === 'gone' && entry.txid === txid) return farewell(entry.why);
  }
  return '';
}
