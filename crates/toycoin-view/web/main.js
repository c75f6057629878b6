// The page: its panels, and what holds them together.

import { render } from 'preact';
import { html } from 'htm/preact';
import { effect } from '@preact/signals';
import { announceOutcomes } from './attack.js';
import { Charts } from './charts.js';
import { Controls } from './controls.js';
import { InspectorPanel } from './inspector.js';
import { Help, listenToKeys } from './keys.js';
import { Log } from './log.js';
import { Mempool } from './mempool.js';
import { Panel } from './panel.js';
import { applyPrefs } from './prefs.js';
import { announceReorganisations } from './reorganisation.js';
import { clock, height, selected, start, state, tips } from './store.js';
import { summarise } from './status.js';
import { Timeline } from './timeline.js';
import { Network } from './topology.js';
import { Tree } from './tree.js';
import { count } from './words.js';

function App() {
  return html`
    <${Controls} />
    <main>
      <${Tree} />
      <${Network} />
      <${InspectorPanel} />
      <${Mempool} />
      <${Log} />
      <${Panel} id="charts" title="Charts"><${Charts} /><//>
    </main>
    <${Timeline} />
    <${Help} />`;
}

applyPrefs();
effect(() => {
  const { nodes, seq } = state.value;
  if (seq === 0 && nodes.length === 0) return;
  summarise(`height ${height.value}, ${count(tips.value.size, 'tip')}`);
});
effect(() => { document.documentElement.dataset.mode = clock.value.mode; });
effect(() => {
  if (selected.value === null) delete document.documentElement.dataset.inspects;
  else document.documentElement.dataset.inspects = selected.value.kind;
});
announceReorganisations();
announceOutcomes();
listenToKeys();
start();
render(html`<${App} />`, document.getElementById('app'));
