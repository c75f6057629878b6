// The clock: what was seen so far, and which moment of it is shown.
//
// A tape holds the entries (events, or whole states where events were missed) and a snapshot every 2,000 entries. A
// seek takes the nearest snapshot and applies at most as many entries, so it is exact and quick.

import { apply } from './state.js';

export const SNAPSHOT_EVERY = 2_000;
export const LIVE_EVENTS = 20_000;

/** Returns the state after an entry: an event, or `{type: 'state', state}`. */
function after(state, entry) {
  return entry.type === 'state' ? entry.state : apply(state, entry);
}

/** The entries of a run from a state on. Position `n` is the moment after `n` entries. */
export class Tape {
  #snapshots = new Map();
  /** Entries that were forgotten; a multiple of `every`. */
  #forgotten = 0;
  #entries = [];
  #times = [];
  #limit;
  #every;
  /** The last answer, from which the next one often follows. */
  #cursor;

  constructor(state, { limit = LIVE_EVENTS, every = SNAPSHOT_EVERY } = {}) {
    this.#limit = limit;
    this.#every = every;
    this.#snapshots.set(0, state);
    this.#cursor = { position: 0, state };
    this.head = state;
  }

  /** The first position that can be shown. */
  get first() {
    return this.#forgotten;
  }

  /** The last position. */
  get last() {
    return this.#forgotten + this.#entries.length;
  }

  /** The time of the first position, in microseconds. */
  get firstUs() {
    return this.#snapshots.get(this.#forgotten).us;
  }

  /** Adds an entry, or the line of JSON that it was parsed from to save memory. */
  push(entry, kept = entry) {
    this.head = after(this.head, entry);
    this.#entries.push(kept);
    this.#times.push(this.head.us);
    if (this.last % this.#every === 0) this.#snapshots.set(this.last, this.head);
    if (this.#entries.length >= this.#limit + this.#every) this.#forget();
  }

  #forget() {
    this.#snapshots.delete(this.#forgotten);
    this.#forgotten += this.#every;
    this.#entries.splice(0, this.#every);
    this.#times.splice(0, this.#every);
  }

  /** Returns the entry between a position and the next one. */
  entry(position) {
    const kept = this.#entries[position - this.#forgotten];
    return typeof kept === 'string' ? JSON.parse(kept) : kept;
  }

  /** Returns the state at a position, or at the nearest one that is held. */
  at(position) {
    const wanted = Math.max(this.first, Math.min(this.last, position));
    if (wanted === this.last) return this.head;
    const base = wanted - (wanted % this.#every);
    const near = this.#cursor.position >= base && this.#cursor.position <= wanted;
    let { position: at, state } = near ? this.#cursor : { position: base, state: this.#snapshots.get(base) };
    for (; at < wanted; at += 1) state = after(state, this.entry(at));
    this.#cursor = { position: wanted, state };
    return state;
  }

  /** Returns the last position whose time is not after `us`. */
  positionAt(us) {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#times[middle] <= us) low = middle + 1;
      else high = middle;
    }
    return this.#forgotten + low;
  }

  /** Returns the time of a position, in microseconds. */
  usAt(position) {
    return position <= this.#forgotten ? this.firstUs : this.#times[position - this.#forgotten - 1];
  }

  /** Returns the last events before a position, oldest first. */
  events(position, most) {
    const events = [];
    for (let at = position - 1; at >= this.first && events.length < most; at -= 1) {
      const entry = this.entry(at);
      if (entry.type !== 'state') events.push(entry);
    }
    return events.reverse();
  }
}

/** Which moment of a tape is shown: the newest one, or one that stands still or plays. */
export class Clock {
  constructor(tape, mode) {
    this.tape = tape;
    this.mode = mode;
    this.us = mode === 'record' ? tape.firstUs : tape.head.us;
    this.position = mode === 'record' ? tape.positionAt(this.us) : tape.last;
    this.playing = false;
    this.speed = 1;
    /** Where to stop by itself. */
    this.until = Infinity;
  }

  /** Adds an entry that just arrived. */
  push(entry) {
    this.tape.push(entry);
    if (this.mode === 'live') this.#toEnd();
    // what is shown was forgotten
    else if (this.position < this.tape.first) this.seek(this.tape.firstUs);
  }

  /** Shows the newest moment, and follows it. */
  live() {
    if (this.mode !== 'record') this.mode = 'live';
    this.playing = false;
    this.#toEnd();
  }

  #toEnd() {
    this.position = this.tape.last;
    this.us = this.tape.head.us;
  }

  /** Shows the moment at a time in microseconds. */
  seek(us) {
    const { tape } = this;
    this.#past();
    this.us = Math.max(tape.firstUs, Math.min(tape.head.us, us));
    this.position = tape.positionAt(this.us);
  }

  /** Shows the next position, or the one before. */
  step(by) {
    this.#past();
    this.playing = false;
    this.position = Math.max(this.tape.first, Math.min(this.tape.last, this.position + by));
    this.us = this.tape.usAt(this.position);
  }

  /** Plays at a speed (seconds shown per second) until a time. */
  play(speed = this.speed, until = Infinity) {
    if (this.mode === 'record' && this.position === this.tape.last) this.seek(this.tape.firstUs);
    this.#past();
    this.playing = true;
    this.speed = speed;
    this.until = until;
  }

  pause() {
    this.#past();
    this.playing = false;
  }

  /** Lets a time pass, in milliseconds. Returns whether anything moved. */
  tick(ms) {
    if (!this.playing) return false;
    const end = Math.min(this.tape.head.us, this.until);
    this.us = Math.min(end, this.us + ms * 1_000 * this.speed);
    this.position = this.tape.positionAt(this.us);
    if (this.us >= end) this.playing = false;
    return true;
  }

  /** The state that is shown. */
  get state() {
    return this.tape.at(this.position);
  }

  #past() {
    if (this.mode === 'live') this.mode = 'past';
  }
}
