// A transaction: what it spends and pays, its fee, and where it waits or is confirmed.

import { html } from 'htm/preact';
import { useMemo } from 'preact/hooks';
import { Standing } from './block-facts.js';
import { BlockLink, Facts, Missing, Scroll, TxLink, Waiting, toycoins, useApi } from './parts.js';
import { childrenOf, conflictsOf, pastOf, waitingOf } from './payments.js';
import { bestTip, byHash, nodes } from './store.js';
import { count, farewell, nodesInWords, short } from './words.js';

/** All of a transaction but the drawing of its coins. `hash` is the block that it is in, or null. */
export function Transaction({ txid, hash, answer }) {
  const waiting = waitingOf(txid);
  const past = useMemo(() => pastOf(txid), [txid, waiting.payment === null, answer.data?.status?.block_hash]);
  const payment = waiting.payment ?? past.payment;
  const tx = answer.data;
  if (tx === undefined && payment === null) {
    return html`<h3>Transaction <span class="hash">${short(txid)}</span></h3>
      <${Waiting} answer=${answer} what="transaction" />`;
  }
  const spends = tx === undefined ? payment.spends
    : tx.vin.filter(({ is_coinbase: coinbase }) => !coinbase).map((input) => `${input.txid}:${input.vout}`);
  const facts = { txid, fee: tx?.fee ?? payment?.fee ?? null, size: tx?.size ?? payment.size };
  return html`<h3>${tx?.vin[0]?.is_coinbase ? 'Coinbase' : 'Transaction'} <span class="hash">${short(txid)}</span></h3>
    <${Place} tx=${tx} inBlock=${hash} waiting=${waiting.nodes} gone=${past.gone} />
    <${Facts} rows=${rows(facts, tx)} />
    <${Relatives} txid=${txid} spends=${spends} parents=${waiting.payment?.parents ?? []} />
    ${tx === undefined ? html`<${FromEvent} payment=${payment} /><${Waiting} answer=${answer} what="signatures" />`
      : html`<${Inputs} tx=${tx} /><${Outputs} tx=${tx} />`}`;
}

function Place({ tx, inBlock, waiting, gone }) {
  const hash = inBlock ?? (gone?.why === 'confirmed' ? gone.by : undefined);
  const others = nodes.value.length - waiting.length;
  return html`<p class="standing">
    ${hash !== undefined && html`In block <${BlockLink} hash=${hash} /> <${Standing} hash=${hash}
      height=${tx?.status?.block_height ?? byHash.value.get(hash)?.height} /> `}
    ${waiting.length > 0 && html`<span>Waits at ${nodesInWords(waiting)}${others > 0
      ? `, not at ${count(others, 'other node')}` : ''}.</span>`}
    ${waiting.length === 0 && gone !== null && gone.why !== 'confirmed'
      && html`<span>Left the mempool of node ${gone.node}: ${farewell(gone.why)}.</span>`}
    ${hash === undefined && waiting.length === 0 && gone === null
      && html`<span>It waits at none of these nodes.</span>`}
  </p>`;
}

function rows({ txid, fee, size }, tx) {
  const coinbase = tx?.vin[0]?.is_coinbase === true;
  return [
    { label: 'Txid', value: html`<span class="hash">${txid}</span>`, note: 'The hash without the signatures.' },
    { label: 'Wtxid', value: tx && tx.wtxid !== undefined ? html`<span class="hash">${tx.wtxid}</span>` : null,
      note: coinbase ? 'A coinbase has no signature: both ids are the same.' : 'The hash with the signatures.' },
    { label: 'Fee', value: coinbase ? null : fee === null ? 'not known' : count(fee, 'grain'), rules: [27],
      note: 'Inputs minus outputs. It goes to the miner.' },
    { label: 'Size', value: count(size, 'byte'), rules: coinbase ? [] : [33] },
    { label: 'Fee rate', value: coinbase || fee === null ? null : `${(fee / size).toFixed(2)} grains per byte`,
      note: 'Miners take the highest rates first.' },
  ];
}

function Relatives({ txid, spends, parents }) {
  const conflicts = conflictsOf(txid, spends);
  const next = childrenOf(txid);
  return html`<${Facts} rows=${[
    { label: 'Parents', value: parents.length === 0 ? null : links(parents),
      note: 'They wait too, and must be in a block first.' },
    { label: 'Children', value: next.length === 0 ? null : links(next), note: 'They wait for this one.' },
    { label: 'Conflicts', value: conflicts.length === 0 ? null : conflicts.map(({ payment, nodes: at }) => html`
        <span key=${payment.txid}><${TxLink} txid=${payment.txid} /> at ${nodesInWords(at)} </span>`),
      note: 'They spend the same coin. A chain holds at most one of them.', rules: [21, 22] },
  ]} />`;
}

const links = (ids) => ids.map((id) => html`<${TxLink} key=${id} txid=${id} /> `);

function Inputs({ tx }) {
  if (tx.vin[0]?.is_coinbase) {
    return html`<h4>Input</h4>
      <p>None: a coinbase creates new money, the subsidy, and collects the fees of its block.</p>`;
  }
  return html`<h4>${count(tx.vin.length, 'input')}</h4><${Scroll} label="Inputs"><table><thead><tr>
    <th scope="col">Coin</th><th scope="col">Owner</th><th scope="col" class="number">Toycoins</th>
    <th scope="col">Signature</th></tr></thead><tbody>${tx.vin.map((input) => html`
    <tr key=${`${input.txid}:${input.vout}`}><td><${TxLink} txid=${input.txid} />:${input.vout}</td>
      <td><${Owner} of=${input.prevout} /></td>
      <td class="number">${input.prevout === null ? '' : toycoins(input.prevout.value)}</td>
      <td class="hash" title=${input.witness?.[0]}>${short(input.witness?.[0] ?? '')}</td></tr>`)}</tbody></table>
    </${Scroll}>`;
}

function Outputs({ tx }) {
  const spends = useApi(`/tx/${tx.txid}/outspends`, bestTip.value ?? '');
  return html`<h4>${count(tx.vout.length, 'output')}</h4>
    ${tx.vout.length > 0 && html`<${Scroll} label="Outputs"><table><thead><tr>
    <th scope="col">Index</th><th scope="col">Owner</th><th scope="col" class="number">Toycoins</th>
    <th scope="col">Spent by</th></tr></thead><tbody>${tx.vout.map((output, index) => html`
    <tr key=${index}><td>${index}</td><td><${Owner} of=${output} /></td>
      <td class="number">${toycoins(output.value)}</td>
      <td>${spends.data === undefined ? '' : spends.data[index]?.spent
        ? html`<${TxLink} txid=${spends.data[index].txid} />` : 'not spent'}</td></tr>`)}</tbody></table>
    </${Scroll}>`}`;
}

function Owner({ of }) {
  if (of === null || of === undefined) return null;
  const name = of.scriptpubkey_address ?? of.scriptpubkey;
  return html`<span class="hash" title=${name}>${name.slice(0, 12)}</span>`;
}

/** What an event tells: the coins spent, without their values, and the payments. */
function FromEvent({ payment }) {
  return html`<h4>Spends</h4><ul class="choices">${payment.spends.map((coin) => html`<li key=${coin}>
      <${TxLink} txid=${coin.split(':')[0]} />:${coin.split(':')[1]}</li>`)}</ul>
    <h4>Pays</h4><ul class="choices">${payment.pays.map(([owner, value], index) => html`<li key=${index}>
      ${toycoins(value)} to <span class="hash" title=${owner}>${short(owner)}</span></li>`)}</ul>
    <${Missing}>The values of the spent coins are not in the events.</${Missing}>`;
}
