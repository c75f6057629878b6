// The inspector: one block or transaction, from its fields down to its bytes.

import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Block } from './block-facts.js';
import { HeaderBytes } from './bytes.js';
import { Coins } from './flow.js';
import { Merkle } from './merkle.js';
import { Icon } from './icons.js';
import { NodeFacts } from './node-facts.js';
import { Panel, Tabs } from './panel.js';
import { AsOfNow, Missing, TxLink, useApi } from './parts.js';
import { calm, letterKeys } from './prefs.js';
import { say } from './status.js';
import { bestTip, byHash, selected } from './store.js';
import { Transaction } from './transaction-facts.js';
import { short } from './words.js';

/** The tabs that a selection of a kind leaves open; of the others, it goes to the first of these. */
const STAYS = { block: ['block', 'bytes', 'merkle'], tx: ['transaction', 'bytes', 'merkle', 'coins'] };

/** How much of the inspector is brought in sight, in rem: so much that the tree above it stays in sight too. */
const SHOWN_REM = 24;

/** What had the focus when something was selected: where Escape leads back to. */
let origin = null;
let isHelped = false;

/** The panel of the inspector: a strip until something is selected, then as high as its content. */
export function InspectorPanel() {
  const tools = selected.value !== null && html`<button type="button" class="plain close" onClick=${closeInspector}
    aria-label="Close the inspector" title="Close"><${Icon} name="close" /></button>`;
  const onKeyDown = (event) => {
    if (event.key !== 'Escape' || event.target.closest('input, select') !== null) return;
    event.preventDefault();
    goBack();
  };
  return html`<${Panel} id="inspector" title="Inspector" tools=${tools} onKeyDown=${onKeyDown}><${Inspector} /><//>`;
}

/** Puts the focus in the inspector. */
export function goToInspector() {
  const panel = document.getElementById('panel-inspector');
  (panel.querySelector('[role=tab][aria-selected=true]') ?? panel.querySelector('button'))?.focus();
}

/** Makes the inspector a strip again. */
export function closeInspector() {
  const isInside = document.activeElement.closest('#panel-inspector') !== null;
  selected.value = null;
  if (isInside) goBack();
}

/** Puts the focus back on what was chosen, or on the tree if that is gone. */
function goBack() {
  const at = origin?.isConnected ? origin : document.querySelector('.tree [data-key][tabindex="0"]');
  at?.focus();
}

/** Scrolls as little as shows the begin of the inspector. */
function reveal() {
  const panel = document.getElementById('panel-inspector').getBoundingClientRect();
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const end = Math.min(innerHeight, document.querySelector('.timeline').getBoundingClientRect().top);
  const missing = panel.top + Math.min(panel.height, SHOWN_REM * rem) - end;
  const above = panel.top - rem / 2;
  const by = above < 0 ? above : Math.min(above, Math.max(0, missing));
  if (by !== 0) scrollBy({ top: by, behavior: calm.peek() ? 'instant' : 'smooth' });
}

function onSelection() {
  const at = document.activeElement;
  if (at !== document.body && at.closest('#panel-inspector, dialog') === null) origin = at;
  reveal();
  if (isHelped || !letterKeys.peek() || !at.matches('.tree :focus-visible')) return;
  isHelped = true;
  say('The key i leads to the inspector, Escape leads back.');
}

/** The inspector of what is selected. */
function Inspector() {
  const chosen = selected.value;
  useEffect(() => { if (chosen !== null) onSelection(); }, [chosen]);
  const [tab, setTab] = useState('block');
  const kind = chosen?.kind ?? null;
  useEffect(() => {
    if (kind in STAYS && !STAYS[kind].includes(tab)) setTab(STAYS[kind][0]);
  }, [chosen]);
  // who follows a link with the keyboard goes on where it led
  const followed = useRef(false);
  useEffect(() => {
    if (followed.current && document.activeElement === document.body) {
      document.getElementById('view-inspector')?.focus({ preventScroll: true });
      followed.current = false;
    }
  }, [tab, chosen]);
  const follow = () => { followed.current = true; };
  const txid = kind === 'tx' ? chosen.id : null;
  const transaction = useApi(txid === null ? null : `/tx/${txid}`, bestTip.value ?? '');
  // a node names the block of its own chain alone; a stale block is the one from whose list the transaction was chosen
  const origin = useRef(null);
  if (kind === 'block') origin.current = chosen.id;
  const listed = useApi(txid === null || origin.current === null ? null : `/block/${origin.current}/txids`).data;
  if (chosen === null) return html`<${Nothing} />`;
  if (kind === 'node') return html`<${NodeFacts} node=${Number(chosen.id)} />`;

  const hash = kind === 'block' ? chosen.id
    : transaction.data?.status?.block_hash ?? (listed?.includes(txid) ? origin.current : null);
  const tabs = [
    { id: 'block', name: 'Block', body: () => of(hash, Block, { hash }) },
    { id: 'transaction', name: 'Transaction',
      body: () => ofTx(txid, hash, Transaction, { txid, hash, answer: transaction }) },
    { id: 'bytes', name: 'Header bytes', body: () => of(hash, HeaderBytes, { hash }) },
    { id: 'merkle', name: 'Merkle', body: () => of(hash, Merkle, { hash, txid }) },
    { id: 'coins', name: 'Coins', body: () => ofTx(txid, hash, Coins, { txid, answer: transaction }) },
  ];
  return html`<div class="inspector" onClickCapture=${follow}><${AsOfNow} />
    <${Tabs} id="inspector" label="Inspector" tabs=${tabs} value=${tab} onChange=${setTab} /></div>`;
}

function of(hash, View, props) {
  if (hash !== null) return html`<${View} key=${hash} ...${props} />`;
  return html`<${Missing}>The transaction is in no block of the chain, so there is no header to show.</${Missing}>`;
}

function ofTx(txid, hash, View, props) {
  return txid === null ? html`<${Choose} key=${hash} hash=${hash} />` : html`<${View} key=${txid} ...${props} />`;
}

/** Asks which transaction of a block is meant. */
function Choose({ hash }) {
  const ids = useApi(`/block/${hash}/txids`);
  if (ids.data === undefined) {
    return html`<${Missing}>Choose a transaction, in the mempool or in a block's list.</${Missing}>`;
  }
  return html`<p>A block is selected. Which of its transactions?</p>
    <ul class="choices">${ids.data.slice(0, 50).map((txid, index) => html`<li key=${txid}>
      <${TxLink} txid=${txid}>${index === 0 ? 'coinbase ' : `${index}: `}${short(txid)}</${TxLink}></li>`)}</ul>
    ${ids.data.length > 50 && html`<${Missing}>The tab Block lists the other ${ids.data.length - 50}.</${Missing}>`}`;
}

function Nothing() {
  const tip = byHash.value.get(bestTip.value);
  return html`<div class="inspector"><${Missing}>Choose a block, a transaction or a node.
    ${tip !== undefined && html` Or begin with <button type="button" class="link"
      onClick=${() => { selected.value = { kind: 'block', id: tip.hash }; }}>the newest block, ${tip.height}</button>.`}
    </${Missing}></div>`;
}
