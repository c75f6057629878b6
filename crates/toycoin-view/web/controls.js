// The bar at the top: what network this is, how its chain is, and what can be done with it.

import { html } from 'htm/preact';
import { AttackButtons, AttackDialog, AttackLine } from './attack.js';
import { Button } from './button.js';
import {
  addNode, addObstacle, faultObstacle, isParted, isPaused, obstacle, partObstacle, setSpeed, SPEEDS, speed,
  speedObstacle, step, togglePart, togglePause,
} from './commands.js';
import { openDialog } from './dialog.js';
import { Faults } from './faults.js';
import { Groups } from './groups.js';
import { Icon } from './icons.js';
import { Pay } from './pay.js';
import { nextTheme, theme } from './prefs.js';
import { status } from './status.js';
import { clock, connection, height, nodes, state, tips } from './store.js';

export function Controls() {
  return html`
    <header class="topbar">
      <div class="head">
        <div class="brand"><h1>toycoin</h1><${Stage} /></div>
        <${Figures} />
        <div class="controls aside" role="group" aria-label="Page">
          <button type="button" onClick=${nextTheme} aria-label=${`Theme: ${theme.value}`} title="Theme">
            <${Icon} name=${theme.value} /></button>
          <button type="button" onClick=${() => { openDialog.value = 'help'; }} aria-label="? Keys and help"
            title="Keys and help">?</button>
        </div>
      </div>
      <div class="steer">
        <div class="controls" role="group" aria-label="Time"><${TimeControls} /></div>
        <div class="controls" role="group" aria-label="Network"><${NetworkControls} /></div>
        <p role="status" class="status">${status}</p>
        <${AttackLine} />
      </div>
    </header>
    <${Pay} /><${Groups} /><${Faults} /><${AttackDialog} />`;
}

function Stage() {
  const { stage, seed, network } = state.value;
  const words = { simulated: 'simulated', live: 'live', record: 'record' }[stage] ?? '';
  const seeded = seed === null || seed === undefined ? null : `seed ${seed}`;
  // the network of the simulator is called after what it is
  const name = network.name === 'simulation' ? null : network.name;
  return html`<p class="stage">${[name, words, seeded].filter(Boolean).join(', ')}</p>`;
}

function Figures() {
  return html`<dl class="figures">
    <div><dt>Height</dt><dd id="height">${height.value}</dd></div>
    <div class=${tips.value.size > 1 ? 'split' : ''}><dt>Tips</dt><dd id="tips">${tips.value.size}</dd></div>
    <div><dt>Nodes</dt><dd>${nodes.value.length}</dd></div>
    <div class="connection"><dt class="hidden">Shown</dt><dd><${Live} /></dd></div>
  </dl>`;
}

function Live() {
  const text = mode();
  return html`<span id="live" class=${text.replaceAll(' ', '-')}>${text}</span>`;
}

function mode() {
  if (connection.value === 'record') return 'record';
  if (clock.value.mode === 'past') return 'the past';
  if (connection.value === 'polling') return 'polling: the server is full, the picture changes every 5 s';
  return connection.value;
}

function TimeControls() {
  const shown = SPEEDS.includes(speed.value) ? SPEEDS : [...SPEEDS, speed.value].sort((a, b) => a - b);
  const blocked = speedObstacle.value;
  return html`
    <button type="button" id="pause" class="wide" aria-pressed=${isPaused.value} onClick=${togglePause}
      title="Pause or go on: Space"><${Icon} name="pause" /> Pause</button>
    <button type="button" id="step" onClick=${step} title="One event on: ."><${Icon} name="step" /> Step</button>
    <label class="select" title=${blocked ?? 'Speed: [ and ]'}><span class="hidden">Speed</span>
      <select id="speed" value=${String(speed.value)} disabled=${blocked !== null}
        onChange=${(event) => setSpeed(Number(event.target.value))}>
        ${shown.map((value) => html`<option key=${value} value=${String(value)}>×${label(value)}</option>`)}
      </select></label>`;
}

const label = (value) => Number(value.toPrecision(2));

function NetworkControls() {
  const why = obstacle.value;
  const open = (name) => () => { openDialog.value = name; };
  return html`
    <span class="split-button">
      <${Button} id="part" class="danger" aria-pressed=${isParted.value} obstacle=${partObstacle.value}
        onClick=${togglePart} title="Part in halves, or heal: p">Part<//>
      <${Button} id="part-menu" aria-label="Part in groups" title="Part in groups" obstacle=${partObstacle.value}
        onClick=${open('groups')}><${Icon} name="more" /><//>
    </span>
    <${Button} id="pay" obstacle=${why} onClick=${open('pay')}>Pay<//>
    <${Button} id="faults" obstacle=${faultObstacle.value} onClick=${open('faults')}>Faults<//>
    <${Button} id="add-node" obstacle=${addObstacle.value} onClick=${addNode}>Add node<//>
    <${AttackButtons} />`;
}
