// Charts of a run: difficulty, hash rate, and who found how many blocks.

import { html } from 'htm/preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { Drawing } from './drawing.js';
import { limitOf, halfLifeOf } from './networks.js';
import { minerClass } from './palette.js';
import { Tabs } from './panel.js';
import { BlockLink, Missing, Scroll, toycoins } from './parts.js';
import { Plot } from './plot.js';
import { RateHistory } from './rate-history.js';
import {
  RATE_BLOCKS, chainOf, chainRate, hashesFor, idealPath, minedSoFar, minersOf, samplesAt,
} from './series.js';
import { bestTip, blocks, byHash, clock, nodes, state, tape } from './store.js';
import { count } from './words.js';

/** Rows of a table of blocks: the newest ones. */
const ROWS = 100;

/** The charts, one at a time. */
export function Charts() {
  const [tab, setTab] = useState('difficulty');
  const chain = useMemo(() => chainOf(byHash.value, bestTip.value), [byHash.value, bestTip.value]);
  // read while another chart is shown too, so that little is left to read
  const history = useRef(null);
  history.current ??= new RateHistory();
  const [past, { us }] = [tape(), clock.value];
  const samples = useMemo(() => history.current.upTo(past, past.positionAt(us)), [past, chain, us]);
  const of = (View, more) => () => (chain.length < 2
    ? html`<${Missing}>A chart needs two blocks.</${Missing}>`
    : html`<${View} key=${tab} chain=${chain} ...${more} />`);
  return html`<div class="charts"><${Tabs} id="charts" label="Charts" value=${tab} onChange=${setTab} tabs=${[
    { id: 'difficulty', name: 'Difficulty', body: of(Difficulty) },
    { id: 'rate', name: 'Hash rate', body: of(HashRate, { samples }) },
    { id: 'miners', name: 'Blocks and fees', body: of(Miners) },
  ]} /></div>`;
}

const heightsOf = (chain) => chain.map(({ height }) => height);
const rounded = (number) => (number === null || number === undefined ? ''
  : number.toLocaleString('en', { maximumSignificantDigits: 4 }));

function Difficulty({ chain }) {
  const { network } = state.value;
  const halfLife = halfLifeOf(network);
  const [hashes, ideal, gaps] = useMemo(() => [
    chain.map(({ bits }) => hashesFor(bits)),
    idealPath(chain, network.spacing_ms, halfLife, limitOf(network)),
    chain.map((block, index) => (index === 0 ? null : (block.time - chain[index - 1].time) / 1000)),
  ], [chain, network]);
  const series = [
    { label: 'Hashes a block takes on average, from its bits', values: hashes, kind: 'ink', stepped: true },
    { label: 'ASERT’s ideal path, not rounded', values: ideal, kind: 'accent', dash: [8, 5] },
  ].filter(({ values }) => values !== null);
  return html`<p>Each block's bits follow the time that its parent took: ${network.spacing_ms === 0
      ? 'not on this network, whose difficulty never changes.'
      : `more than ${network.spacing_ms / 1000} s make the next block easier, less make it harder.`}</p>
    <${Drawing} id="difficulty" label="Difficulty" name="Chart"
      drawing=${() => html`<${Plot} x=${heightsOf(chain)} series=${series} unit="hashes" log=${true} />`}
      table=${() => html`<${Blocks} chain=${chain} label="Difficulty, as a table"
        columns=${['Bits', 'Hashes', 'ASERT, ideal', 'Seconds after its parent']} cells=${(block, index) => [
          `0x${block.bits.toString(16).padStart(8, '0')}`, rounded(hashes[index]), rounded(ideal?.[index]),
          gaps[index]?.toFixed(3) ?? '']} />`} />
    ${network.spacing_ms !== 0 && halfLife === null && html`<${Missing}>This page does not know the half-life of the
      network ${network.name}, so it draws no ideal path.</${Missing}>`}`;
}

function HashRate({ chain, samples }) {
  const told = useMemo(() => chainRate(chain), [chain]);
  const at = samplesAt(chain.map(({ time }) => time), samples);
  const [measured, set] = [at.map((sample) => sample?.measured ?? null), at.map((sample) => sample?.set ?? null)];
  const series = [
    { label: `What the last ${RATE_BLOCKS} blocks tell: work over time`, values: told, kind: 'ink' },
    { label: 'Measured at the nodes, in sum', values: measured, kind: 'accent', dash: [8, 5] },
    { label: 'Set, sum of all nodes (right axis)', values: set, kind: 'muted', stepped: true, right: true },
  ].filter(({ values }) => values.some((value) => value !== null));
  return html`<p>Nobody sees a network's hash rate. The chain tells it: how much work its blocks needed, and how
      long they took.</p>
    <${Drawing} id="hash-rate" label="Hash rate" name="Chart"
      drawing=${() => html`<${Plot} x=${heightsOf(chain)} series=${series} unit="hashes per second" log=${false} />`}
      table=${() => html`<${Blocks} chain=${chain} label="Hash rate, as a table"
        columns=${['From the chain, per second', 'Measured, per second', 'Set']}
        cells=${(_, index) => [told[index], measured[index], set[index]].map(rounded)} />`} />
    <${Scroll} label="Hash rate of each node"><table><thead><tr><th scope="col">Node</th>
      <th scope="col" class="number">Set</th><th scope="col" class="number">Measured, per second</th></tr></thead>
      <tbody>${nodes.value.map((node) => html`<tr key=${node.node}><td>${node.name}</td>
        <td class="number">${node.hash_rate}</td><td class="number">${rounded(node.hashes_per_second)}</td></tr>`)}
      </tbody></table></${Scroll}>`;
}

function Miners({ chain }) {
  const { genesis } = state.value.network;
  const [miners, paths] = useMemo(() => {
    const found = minersOf(blocks.value, chain, genesis);
    return [found, minedSoFar(chain, found, genesis)];
  }, [chain, blocks.value, genesis]);
  const series = miners.map(({ miner }) => (
    { label: nameOf(miner), values: paths.get(miner), kind: minerClass(miner), stepped: true }));
  return html`<p>Whoever has a share of the hash rate finds that share of the blocks, in the long run. Stale blocks
      earn nothing.</p>
    <${Drawing} id="miners" label="Blocks by miner" name="Chart"
      drawing=${() => html`<${Plot} x=${heightsOf(chain)} series=${series} unit="blocks on the active chain" />`}
      table=${() => html`<${MinerTable} miners=${miners} />`} />
    ${chain[0].height > 0 && html`<${Missing}>Counted from block ${chain[0].height}, the first that the view
      still holds.</${Missing}>`}`;
}

const nameOf = (miner) => (miner === null ? 'none of these nodes' : nodes.value[miner]?.name ?? `node ${miner}`);

function MinerTable({ miners }) {
  const all = nodes.value.reduce((sum, { hash_rate: rate }) => sum + rate, 0);
  const found = miners.reduce((sum, { active }) => sum + active, 0);
  const share = (part, whole) => (whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`);
  return html`<${Scroll} label="Blocks by miner, as a table"><table><thead><tr><th scope="col">Miner</th>
    <th scope="col" class="number">Share of the hash rate now</th><th scope="col" class="number">Blocks</th>
    <th scope="col" class="number">Share of the blocks</th><th scope="col" class="number">Stale or rival</th>
    <th scope="col" class="number">Fees, toycoins</th></tr></thead><tbody>${miners.map((row) => html`
    <tr key=${row.miner}><td>${nameOf(row.miner)}</td>
      <td class="number">${row.miner === null ? '' : share(nodes.value[row.miner]?.hash_rate ?? 0, all)}</td>
      <td class="number">${row.active}</td><td class="number">${share(row.active, found)}</td>
      <td class="number">${row.stale}</td><td class="number">${toycoins(row.fees)}</td></tr>`)}</tbody></table>
    </${Scroll}>`;
}

/** A table with a row for each of the newest blocks, the newest first. */
function Blocks({ chain, label, columns, cells }) {
  const first = Math.max(0, chain.length - ROWS);
  const rows = chain.slice(first).map((block, at) => ({ block, cells: cells(block, first + at) })).reverse();
  return html`<${Scroll} label=${label}><table><thead><tr><th scope="col">Block</th>${columns.map((name) => html`
    <th key=${name} scope="col" class="number">${name}</th>`)}</tr></thead><tbody>${rows.map((row) => html`
    <tr key=${row.block.hash}><td><${BlockLink} hash=${row.block.hash} /></td>${row.cells.map((cell, at) => html`
      <td key=${at} class="number">${cell}</td>`)}</tr>`)}</tbody></table></${Scroll}>
    ${first > 0 && html`<${Missing}>The table shows the newest ${count(ROWS, 'block')}.</${Missing}>`}`;
}
