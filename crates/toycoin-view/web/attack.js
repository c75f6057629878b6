// Attacks: a dialog that begins a trial of one, and a line with what theory says and what the trial measured.

import { html } from 'htm/preact';
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { attackObstacle, backToLesson, beginAttack, isAttack } from './commands.js';
import { Button } from './button.js';
import { closeDialog, Dialog, Field, openDialog } from './dialog.js';
import { Missing, useApi } from './parts.js';
import { say } from './status.js';
import { state, watch } from './store.js';

/** The seed of the next trial: each one shows another run, unless a person asks for the same again. */
const nextSeed = signal(1);
/** Seeds that a number of this language holds exactly. */
const MOST_SEED = Number.MAX_SAFE_INTEGER;

/** Longer than reorganisations are gathered before they are said. */
const AFTER_REORGANISATIONS_MS = 800;

/** Writes the name of an attack as words. */
const inWords = (name) => name.replaceAll('-', ' ');

/** The buttons that begin an attack, and lead back from one. */
export function AttackButtons() {
  return html`
    <${Button} id="attack" obstacle=${attackObstacle.value} onClick=${() => { openDialog.value = 'attack'; }}>
      Attack<//>
    ${isAttack.value && html`<${Button} id="lesson" obstacle=${attackObstacle.value} onClick=${leave}
      title="A new network of the lesson">Lesson<//>`}`;
}

/** The button vanishes with the attack, so the focus goes to the one beside it. */
function leave() {
  document.getElementById('attack').focus({ preventScroll: true });
  return backToLesson();
}

/** What is known of the trial that is shown: its setting, theory, and its outcome once there is one. */
export function AttackLine() {
  const { attack: trial } = state.value;
  if (trial === undefined) return null;
  return html`<dl class="attack-line" id="attack-line">
    <div><dt>Attack</dt><dd title=${trial.summary}><b>${inWords(trial.attack)}</b> ${trial.setting}</dd></div>
    ${trial.theory !== '' && html`<div><dt>Theory</dt><dd id="theory">${trial.theory}</dd></div>`}
    <div><dt>This trial</dt><dd id="outcome">${trial.outcome ?? 'runs'}</dd></div>
  </dl>`;
}

/** Says in the status line what a trial measured, when it has. A reorganisation that decided it is said before. */
export function announceOutcomes() {
  watch((events) => {
    for (const { type, attack, outcome } of events ?? []) {
      if (type !== 'attack' || outcome === undefined) continue;
      setTimeout(() => say(`${inWords(attack)}, this trial: ${outcome}`), AFTER_REORGANISATIONS_MS);
    }
  });
}

export function AttackDialog() {
  return html`<${Dialog} name="attack" title="Attack"><${Form} /><//>`;
}

function Form() {
  const { data: attacks, failure } = useApi('/v1/attacks');
  const [name, setName] = useState('');
  const [values, setValues] = useState({});
  const [defence, setDefence] = useState('');
  const [seed, setSeed] = useState(nextSeed.peek());
  const [refusal, setRefusal] = useState('');
  const chosen = attacks?.find((attack) => attack.name === name) ?? attacks?.[0];

  function choose(event) {
    setName(event.target.value);
    setValues({});
    setDefence('');
  }

  async function onSubmit(event) {
    event.preventDefault();
    try {
      await beginAttack({ attack: chosen.name, set: values, defence: defence === '' ? null : defence, seed });
      nextSeed.value = seed < MOST_SEED ? seed + 1 : 1;
      closeDialog();
    } catch (problem) {
      setRefusal(problem.detail);
    }
  }

  const set = (parameter, value) => setValues({ ...values, [parameter]: value });
  return html`<form onSubmit=${onSubmit}>
    <${Field} label="Attack"><select id="attack-name" value=${chosen?.name} onChange=${choose}>
      ${attacks?.map((attack) => html`<option key=${attack.name} value=${attack.name}>${inWords(attack.name)}</option>`)}
    </select><//>
    ${failure && html`<${Missing}>The attacks cannot be fetched: ${failure.detail}.<//>`}
    ${attacks?.length === 0 && html`<${WithoutAttacks} />`}
    ${chosen && html`
      <p>${chosen.summary} It runs on a network of its own, in place of this one.</p>
      ${chosen.parameters.map((parameter) => html`<${Parameter} key=${`${chosen.name} ${parameter.name}`}
        ...${parameter} value=${values[parameter.name] ?? parameter.default}
        onChange=${(value) => set(parameter.name, value)} />`)}
      ${chosen.defences.length > 0 && html`<${Field} label="Defence">
        <select value=${defence} onChange=${(event) => setDefence(event.target.value)}>
          <option value="">none</option>
          ${chosen.defences.map((each) => html`
            <option key=${each.name} value=${each.name}>${inWords(each.name)}: ${each.what}</option>`)}
        </select><//>`}
      <${Field} label="Seed" hint="the same seed shows the same trial again">
        <input type="number" required min="0" max=${MOST_SEED} step="1" value=${seed}
          onInput=${(event) => setSeed(event.target.valueAsNumber)} /><//>`}
    <p class="form-error" role="alert">${refusal}</p>
    <footer><button type="submit" class="primary" disabled=${chosen === undefined}>Begin</button>
      <button type="button" onClick=${closeDialog}>Cancel</button></footer>
  </form>`;
}

function Parameter({ name, what, min, max, whole, value, onChange }) {
  return html`<${Field} label=${name} hint=${`${what}; ${min} to ${max}`}>
    <input type="number" name=${name} required min=${min} max=${max} step=${whole ? 1 : 'any'} value=${value}
      onInput=${(event) => onChange(event.target.valueAsNumber)} /><//>`;
}

function WithoutAttacks() {
  return html`<${Missing}>This program was built without attacks. One that has them is started with
    <code>cargo run --release -p toycoin-view-example --features attacks --example view</code><//>`;
}
