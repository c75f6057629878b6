// A block's fields, each with its meaning and the rule that judges it, and its transactions.

import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { FIELDS, headerBytes, readHeader } from './header.js';
import { BlockLink, Facts, Missing, Rule, Scroll, TxLink, Waiting, toycoins, useApi, utc } from './parts.js';
import { bestTip, byHash, children, connection, nodes, standingOf, state, tipsOf } from './store.js';
import { targetOf, workOf } from './target.js';
import { count, nodesInWords, short } from './words.js';

const PAGE = 25;
const STANDING = { active: 'on the active chain', rival: 'on a rival branch', stale: 'stale' };

/** All of a block but its bytes. */
export function Block({ hash }) {
  const seen = byHash.value.get(hash);
  const header = useApi(`/block/${hash}/header`);
  const block = useApi(seen === undefined ? `/block/${hash}` : null);
  const fields = header.data === undefined ? null : readHeader(headerBytes(header.data));
  const known = seen ?? fromApi(block.data, fields);
  if (known === null && connection.value === 'record') {
    return html`<${Missing}>At the moment that is shown, nobody has found this block yet.</${Missing}>`;
  }
  if (known === null) return html`<${Waiting} answer=${block} what="block" />`;
  return html`<${Heading} block=${known} seen=${seen !== undefined} />
    <${Facts} rows=${[...headerRows(known, fields), ...bodyRows(known)]} />
    ${fields === null && html`<${Waiting} answer=${header} what="Merkle root, state root and nonce" />`}
    <${Transactions} hash=${hash} total=${known.txs} />`;
}

function fromApi(block, fields) {
  if (block === undefined || fields === null) return null;
  const { id, height, bits, size } = block;
  return { hash: id, prev: fields.previous, height, bits, size, txs: block.tx_count, time: Number(fields.time) };
}

function Heading({ block, seen }) {
  const next = children.value.get(block.hash) ?? [];
  const on = tipsOf(block.hash);
  return html`<h3>Block ${block.height} <span class="hash">${short(block.hash)}</span></h3>
    ${seen && html`<p class="standing"><${Standing} hash=${block.hash} height=${block.height} />
      ${on.length > 0 && html` <span>tip of ${nodesInWords(on)}</span>`}</p>`}
    <p class="kin"><span>Parent: ${block.height === 0 ? 'none, this is genesis'
      : html`<${BlockLink} hash=${block.prev} />`}</span>
      <span>${next.length > 1 ? 'Children: ' : 'Child: '}${next.length === 0 ? 'none yet'
      : next.map((child) => html`<${BlockLink} key=${child} hash=${child} /> `)}</span></p>`;
}

/** Where a block stands, as a badge, with its confirmations. */
export function Standing({ hash, height }) {
  const standing = standingOf(hash);
  const top = byHash.value.get(bestTip.value)?.height;
  // events do not say that a block is invalid, the node does
  const judged = useApi(standing === 'active' ? null : `/block/${hash}/status`, bestTip.value ?? '').data;
  if (judged?.standing === 'invalid') {
    return html`<span class="standing-badge invalid">invalid</span> ${judged.rule === null
      ? html`<span>It, or a block below it, breaks a rule.</span>` : html`<${Rule} number=${judged.rule} />`}`;
  }
  return html`<span class=${`standing-badge ${standing}`}>${STANDING[standing]}</span>
    ${standing === 'active' && top !== undefined && html` <span>${count(top - height + 1, 'confirmation')}</span>`}`;
}

/** The eight fields of the header, in the order of their bytes. */
function headerRows(block, fields) {
  const parent = byHash.value.get(block.prev);
  const { target } = targetOf(block.bits);
  const values = {
    previous: block.height === 0 ? html`<span class="hash">${block.prev}</span>`
      : html`<${BlockLink} hash=${block.prev}>${block.prev}</${BlockLink}>`,
    merkle_root: fields && html`<span class="hash">${fields.merkle_root}</span>`,
    version: fields && String(fields.version),
    bits: html`<span class="hash">0x${block.bits.toString(16).padStart(8, '0')}</span>
      ${target !== undefined && ` about ${count(workOf(target), 'hash', 'hashes')} on average`}`,
    height: String(block.height),
    time: utc(block.time) + (parent === undefined ? ''
      : `, ${((block.time - parent.time) / 1000).toFixed(3)} s after its parent`),
    state_root: fields && html`<span class="hash">${fields.state_root}</span>`,
    nonce: fields && fields.nonce.toLocaleString('en'),
  };
  return FIELDS.map(({ name, label, meaning, rules }) => ({ label, value: values[name], note: meaning, rules }));
}

function bodyRows(block) {
  const miner = block.miner === null || block.miner === undefined ? null : nodes.value[block.miner]?.name;
  const genesis = block.hash === state.value.network.genesis;
  return [
    { label: 'Hash', value: html`<span class="hash">${block.hash}</span>`, rules: genesis ? [] : [11],
      note: genesis ? 'Genesis is part of the network. Its hash need not meet the target.'
        : 'BLAKE3 of the 128 bytes.' },
    { label: 'Miner', value: miner ?? (genesis ? 'nobody' : 'none of these nodes') },
    { label: 'Coinbase data', value: block.extra === undefined ? null : html`<q class="stranger">${block.extra}</q>`,
      note: 'Text that the miner chose. Anybody can write anything here.', rules: [17] },
    { label: 'Transactions', value: count(block.txs, 'transaction'),
      note: 'The first one is the coinbase, which pays the miner.' },
    { label: 'Fees', value: block.fees === undefined ? null : `${toycoins(block.fees)} toycoins`, rules: [29] },
    { label: 'Size', value: count(block.size, 'byte'), rules: [5] },
    { label: 'Chain work', value: block.work === undefined ? null : count(BigInt(`0x${block.work}`), 'hash', 'hashes'),
      note: 'What the chain up to this block cost on average. The branch with the most is the active one.' },
  ];
}

function Transactions({ hash, total }) {
  const [start, setStart] = useState(0);
  const page = useApi(`/block/${hash}/txs/${start}`);
  if (connection.value === 'record') {
    return html`<${Missing}>A record counts a block's transactions. It does not hold them.</${Missing}>`;
  }
  const last = Math.min(total, start + PAGE);
  return html`<h4>Transactions ${total > PAGE && `${start + 1} to ${last} of ${total.toLocaleString('en')}`}</h4>
    <${Waiting} answer=${page} what="transactions" />
    ${page.data !== undefined && html`<${Scroll} label="Transactions of the block"><table><thead><tr>
      <th scope="col">Index</th><th scope="col">Transaction</th><th scope="col" class="number">Pays, toycoins</th>
      <th scope="col" class="number">Fee, grains</th><th scope="col" class="number">Grains per byte</th></tr></thead>
      <tbody>${page.data.map((tx, at) => html`<${Row} key=${tx.txid} tx=${tx} index=${start + at} />`)}</tbody></table>
      </${Scroll}>`}
    ${total > PAGE && html`<p class="pages">
      <button type="button" disabled=${start === 0} onClick=${() => setStart(start - PAGE)}>Previous ${PAGE}</button>
      <button type="button" disabled=${last >= total} onClick=${() => setStart(start + PAGE)}>Next ${PAGE}</button>
      </p>`}`;
}

function Row({ tx, index }) {
  const coinbase = tx.vin[0]?.is_coinbase === true;
  return html`<tr><td>${index}</td><td><${TxLink} txid=${tx.txid} />${coinbase && ' coinbase'}</td>
    <td class="number">${toycoins(tx.vout.reduce((sum, { value }) => sum + BigInt(value), 0n))}</td>
    <td class="number">${coinbase ? '' : tx.fee?.toLocaleString('en') ?? 'not known'}</td>
    <td class="number">${coinbase || tx.fee === null ? '' : (tx.fee / tx.size).toFixed(2)}</td></tr>`;
}
