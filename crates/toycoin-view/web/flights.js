// Flights: messages on their way from a sender through the relay to each recipient.
//
// A message takes a few milliseconds, or a second of a slow replay. A dot leaves when its message is sent, takes at
// least as long as an eye needs, and reaches a node only after the message did. One that is withheld stops at the wall.

import { kindOf } from './palette.js';

const LEG_MS = 420;
const FADE_MS = 420;
/** Most messages that are drawn at once. */
const MOST = 60;
/** How far towards its recipient a dot comes before the message arrived. */
const NEAR = 0.72;
const WALL = 0.3;
/** Most dots of a message that is neither a block nor a payment. */
const MOST_ASIDE = 6;
const FORGET_MS = 20_000;

export class Flights {
  #flights = new Map();
  #ripples = [];
  #clock = 0;
  #lastEvent = -Infinity;
  wasEmpty = false;

  get isEmpty() {
    return this.#flights.size === 0 && this.#ripples.length === 0;
  }

  /** How long ago the last event was, in milliseconds. */
  quietFor(at) {
    return at - this.#lastEvent;
  }

  /** Takes the events that were passed, or `null` after a jump. With `isCalm` nothing is to move. */
  take(events, isCalm) {
    this.#lastEvent = performance.now();
    if (events === null || isCalm) {
      this.#flights.clear();
      this.#ripples.length = 0;
      return;
    }
    for (const event of events) {
      if (event.type === 'sent') this.#send(event);
      else if (event.type === 'arrived') this.#arrive(event);
    }
  }

  #send({ message, from, to, tag }) {
    if (this.#flights.size >= MOST) this.#flights.delete(this.#flights.keys().next().value);
    const kind = kindOf(tag);
    const goals = drawnOf(to, kind).map((node) => ({ node, fate: null, at: 0, from: 0, isDone: false }));
    this.#flights.set(message, { from, kind, born: this.#clock, goals });
  }

  #arrive({ message, to, fate }) {
    const goal = this.#flights.get(message)?.goals.find(({ node }) => node === to);
    if (goal === undefined || goal.fate !== null) return;
    goal.fate = fate;
    const flight = this.#flights.get(message);
    // where it hovers at this moment, it goes on from
    goal.from = hover(this.#clock - flight.born - LEG_MS);
    goal.at = this.#clock;
  }

  /** Lets time pass, in milliseconds. */
  advance(ms) {
    this.wasEmpty = this.isEmpty;
    this.#clock += ms;
    for (const [message, flight] of this.#flights) {
      const isOld = this.#clock - flight.born > FORGET_MS;
      if (isOld || flight.goals.every((goal) => this.#isOver(flight, goal))) this.#flights.delete(message);
    }
    while (this.#ripples.length > 0 && this.#clock - this.#ripples[0].born > FADE_MS) this.#ripples.shift();
  }

  #isOver(flight, goal) {
    if (goal.isDone) return true;
    return goal.fate !== null && this.#clock > Math.max(goal.at, flight.born + LEG_MS) + LEG_MS + FADE_MS;
  }

  /** Draws all dots in the coordinates of the ring. */
  draw(context, { places, radius, colours }) {
    for (const flight of this.#flights.values()) {
      const sender = places[flight.from];
      if (sender === undefined) continue;
      context.fillStyle = context.strokeStyle = colours[flight.kind] ?? 'gray';
      const age = this.#clock - flight.born;
      if (age < LEG_MS) {
        // from the edge of the node
        const start = radius / Math.hypot(sender.x, sender.y);
        const t = mix(start, 1, ease(age / LEG_MS));
        dot(context, flight.kind, mix(sender.x, 0, t), mix(sender.y, 0, t), 1.25);
      } else {
        for (const goal of flight.goals) this.#drawGoal(context, flight, goal, places[goal.node], radius);
      }
    }
    context.lineWidth = 2.5;
    for (const { x, y, born, kind } of this.#ripples) {
      const t = (this.#clock - born) / FADE_MS;
      context.globalAlpha = Math.max(0, 1 - t);
      context.strokeStyle = colours[kind] ?? 'gray';
      context.beginPath();
      context.arc(x, y, radius + 3 + 7 * t, 0, 2 * Math.PI);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #drawGoal(context, flight, goal, place, radius) {
    if (place === undefined || goal.isDone) return;
    const entered = flight.born + LEG_MS;
    const isHeld = goal.fate !== null && goal.fate !== 'delivered';
    let t = hover(this.#clock - entered);
    if (goal.fate === 'delivered') {
      const start = Math.max(goal.at, entered);
      t = mix(goal.from, 1, ease(Math.min(1, (this.#clock - start) / (LEG_MS * (1 - goal.from)))));
      if (t >= 0.995) {
        goal.isDone = true;
        this.#ripples.push({ x: place.x, y: place.y, born: this.#clock, kind: flight.kind });
        return;
      }
    } else if (isHeld) {
      const passed = this.#clock - Math.max(goal.at, entered);
      t = Math.max(goal.from, WALL * ease(Math.min(1, passed / LEG_MS)));
      context.globalAlpha = Math.max(0, Math.min(1, 1 - (passed - LEG_MS) / FADE_MS));
    }
    // as far as the edge of the node
    const reach = 1 - radius / Math.hypot(place.x, place.y);
    const x = place.x * t * reach;
    const y = place.y * t * reach;
    if (isHeld && t >= WALL - 0.02) cross(context, x, y);
    else dot(context, flight.kind, x, y, 1);
    context.globalAlpha = 1;
  }
}

/** Where a dot is on its way from the relay while its message has not arrived. */
function hover(ms) {
  return ms <= 0 ? 0 : NEAR * (1 - Math.exp(-ms / 260));
}

/** Blocks and payments are what a class follows. Of all else that goes to many, some dots stand for all. */
function drawnOf(to, kind) {
  if (kind === 'block' || kind === 'tx' || to.length <= MOST_ASIDE) return to;
  const every = to.length / MOST_ASIDE;
  return Array.from({ length: MOST_ASIDE }, (_, at) => to[Math.floor(at * every)]);
}

const mix = (a, b, t) => a + (b - a) * t;
const ease = (t) => (t < 0.5 ? 2 * t * t : 1 - (2 - 2 * t) ** 2 / 2);

/** Blocks are squares, payments discs, all else small. */
function dot(context, kind, x, y, size) {
  context.beginPath();
  if (kind === 'block') context.roundRect(x - 5.5 * size, y - 5.5 * size, 11 * size, 11 * size, 2.5);
  else context.arc(x, y, (kind === 'tx' ? 4.5 : 2.6) * size, 0, 2 * Math.PI);
  context.fill();
}

function cross(context, x, y) {
  context.lineWidth = 2.5;
  context.beginPath();
  context.moveTo(x - 4.5, y - 4.5);
  context.lineTo(x + 4.5, y + 4.5);
  context.moveTo(x + 4.5, y - 4.5);
  context.lineTo(x - 4.5, y + 4.5);
  context.stroke();
}
