// Commands: what a teacher does with the network, and why it may not be possible at the moment.

import { computed } from '@preact/signals';
import { halves } from './grouping.js';
import { say } from './status.js';
import { clock, connection, pause, play, post, state, stepBy, token } from './store.js';

const MOST_NODES = 32;
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];

/** Whether the nodes are real ones: their hash rate is a share of a thread's time, and stopped, they do not mine. */
export const isLive = computed(() => state.value.stage === 'live');

/** Whether the network is that of an attack's trial. */
export const isAttack = computed(() => state.value.attack !== undefined);

/** Why this page cannot steer the stage; `null` if it can. */
const stageObstacle = computed(() => {
  if (connection.value === 'record') return 'This page shows a record, which nobody can change.';
  if (token.value === null) return 'Only the teacher’s link, with the token, can change the network.';
  if (clock.value.mode === 'past') return 'This page shows the past. Go back to LIVE first.';
  return null;
});

/** Why this page cannot change the network; `null` if it can. */
export const obstacle = computed(() => stageObstacle.value
  ?? (isAttack.value ? 'A trial of an attack runs undisturbed. Go back to the lesson’s network first.' : null));

/** Why no attack can begin; `null` if one can. */
export const attackObstacle = computed(() => stageObstacle.value
  ?? (isLive.value ? 'Attacks are shown on a simulated network alone.' : null));

/** Why the network cannot be parted or healed; `null` if it can. */
export const partObstacle = computed(() =>
  obstacle.value ?? (state.value.nodes.length < 2 ? 'It takes two nodes to part a network.' : null));
export const isParted = computed(() => state.value.groups.length > 0);
/** Whether the time of the stage itself can be held, rather than this page alone. */
const steersStage = computed(() => stageObstacle.value === null && state.value.stage === 'simulated');
export const isPaused = computed(() => (clock.value.mode === 'live' ? state.value.clock.paused : !clock.value.playing));
export const speed = computed(() => (clock.value.mode === 'live' ? state.value.clock.speed : clock.value.speed));

/** Why the speed cannot be set; `null` if it can. */
export const speedObstacle = computed(() => {
  if (clock.value.mode !== 'live') return null;
  return stageObstacle.value ?? (state.value.stage === 'simulated' ? null : 'A live network runs at its own speed.');
});

/** Why no fault can begin; `null` if one can. */
export const faultObstacle = computed(() => obstacle.value
  ?? (isLive.value ? 'Nothing can be broken in a live network. A simulated one has faults.' : null));
/** Why no node can be added; `null` if one can. */
export const addObstacle = computed(() => {
  if (obstacle.value !== null) return obstacle.value;
  if (isLive.value) return 'A live network keeps its nodes. A simulated one can get more.';
  return state.value.nodes.length >= MOST_NODES ? `A network has at most ${MOST_NODES} nodes.` : null;
});

/** What a refusal says is in the status line already. */
const tried = (promise) => promise.catch(() => undefined);
const command = (path, body) => tried(post(`/v1${path}`, body));

export function togglePause() {
  if (clock.peek().mode !== 'live') return isPaused.peek() ? play() : pause();
  if (steersStage.peek()) return command('/clock', { do: isPaused.peek() ? 'run' : 'pause' });
  // the network goes on, this page holds its picture
  return pause();
}

export function step() {
  if (clock.peek().mode === 'live' && steersStage.peek()) return command('/clock', { do: 'step' });
  return stepBy(1);
}

export function setSpeed(value) {
  if (clock.peek().mode === 'live') return command('/clock', { do: 'speed', speed: value });
  return clock.peek().playing ? play(value) : (play(value), pause());
}

/** Goes to the next faster (1) or slower (-1) speed. */
export function changeSpeed(by) {
  const at = SPEEDS.findIndex((value) => value >= speed.peek() - 1e-9);
  const next = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (at < 0 ? SPEEDS.length - 1 : at) + by))];
  return setSpeed(next);
}

/** Parts the network in halves, or heals it. */
export function togglePart() {
  if (isParted.peek()) return command('/network/heal');
  return part(halves(state.peek().nodes.length));
}

export const part = (groups) => command('/network/partition', { groups });

export const stopNode = (node) => command(`/nodes/${node}/stop`);
export const startNode = (node) => command(`/nodes/${node}/start`);
export const setRate = (node, rate) => command(`/nodes/${node}/rate`, { hash_rate: rate });
/** The state does not hold delays, so the status line says it. */
export const setDelay = (node, ms) => tried(
  post(`/v1/nodes/${node}/delay`, { ms }).then(() => say(`What node ${node} sends is ${ms} ms late from now on.`)));
export const addNode = () => command('/nodes', { hash_rate: Math.max(1, state.peek().nodes[0]?.hash_rate ?? 10) });
export const endFault = (id) => command('/network/end', { id });
export const backToLesson = () => command('/lesson');
/** These throw if they are refused, so that a dialog can stay open. */
export const pay = (payment) => post('/v1/pay', payment);
export const beginAttack = (request) => post('/v1/attack', request);
export const beginFault = (fault) => post('/v1/network/fault', fault);
