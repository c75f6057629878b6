// The network: who is connected, who stands where, and what is on its way between them.

import { html } from 'htm/preact';
import { computed } from '@preact/signals';
import { Button } from './button.js';
import { isLive, isParted, partObstacle, togglePart } from './commands.js';
import { faultInWords } from './faults.js';
import { Lanes } from './lanes.js';
import { NodeRow } from './node.js';
import { Panel, Tabs } from './panel.js';
import { Ring } from './ring.js';
import { nodes, state } from './store.js';
import { groupsInWords, nodesInWords } from './words.js';

const caption = computed(() => {
  const { groups, down, faults, attack } = state.value;
  const parts = [];
  if (attack?.attackers.length > 0) parts.push(`The attacker is ${nodesInWords(attack.attackers)}.`);
  if (groups.length > 0) parts.push(`Parted: ${groupsInWords(withRest(groups, nodes.value.length))}.`);
  if (down.length > 0) parts.push(`${isLive.value ? 'Not mining' : 'Stopped'}: ${nodesInWords(down)}.`);
  for (const { kind, node } of faults) {
    parts.push(`${faultInWords(kind)}${node === undefined ? '' : ` at node ${node}`}.`);
  }
  if (parts.length > 0) return parts.join(' ');
  if (nodes.value.length === 0) return 'Waiting for the first node.';
  return nodes.value.length === 1 ? 'One node is watched.' : 'Nodes talk through the relay. Choose one to steer it.';
});

/** Nodes in no group form one more. */
export function withRest(groups, count) {
  const named = new Set(groups.flat());
  const rest = [...Array(count).keys()].filter((node) => !named.has(node));
  return rest.length === 0 ? groups : [...groups, rest];
}

export function Network() {
  const tabs = [
    { id: 'ring', name: 'Ring', view: RingView },
    { id: 'lanes', name: 'Lanes', view: Lanes },
    { id: 'table', name: 'Table', view: Table },
  ];
  return html`<${Panel} id="network" title="Network" caption=${caption} tools=${html`<${Heal} />`}>
    <${Tabs} id="network" focusable=${false} label="Views of the network" tabs=${tabs} />
  <//>`;
}

function Heal() {
  // the button vanishes, so that the focus goes where the network can be parted again
  const heal = () => {
    document.getElementById('part')?.focus({ preventScroll: true });
    return togglePart();
  };
  return isParted.value && html`<${Button} class="heal" obstacle=${partObstacle.value} onClick=${heal}>Heal<//>`;
}

function RingView() {
  return html`<div class="ring-view"><${Ring} /></div>`;
}

function Table() {
  const { down } = state.value;
  const isMeasured = nodes.value.some((node) => node.hashes_per_second !== undefined);
  return html`<table class="nodes">
    <thead><tr><th>Node</th><th>Tip</th><th class="number">Payments</th>
      ${isMeasured && html`<th class="number">Hashes per second</th>`}<th>Hash rate</th>
      <th>Delay, ms</th><th><span class="hidden">Stop or start</span></th></tr></thead>
    <tbody>${nodes.value.map((node) => html`
      <${NodeRow} key=${node.node} node=${node} isDown=${down.includes(node.node)}
        isMeasured=${isMeasured} />`)}</tbody>
  </table>`;
}
