// The hash rates of a run over time, from the events that tell of them. No drawing.

/** Most entries of the tape that are read at once. What lies further back is left out. */
const READ_ENTRIES = 20_000;
const KEPT_SAMPLES = 4_000;

/**
 * Follows a tape. Each sample is `{ us, time, set, measured }`: `time` that of the newest block in Unix milliseconds,
 * `set` the sum of the set rates of the nodes that are up, `measured` that of the measured ones, null without any.
 */
export class RateHistory {
  #tape = null;
  #position = 0;
  #samples = [];
  #nodes = new Map();
  #down = [];
  #time = null;

  /** Reads the tape up to a position, and returns the samples up to there. Going back reads nothing anew. */
  upTo(tape, position) {
    if (tape !== this.#tape || position - this.#position > READ_ENTRIES || tape.first > this.#position) {
      this.#tape = tape;
      this.#position = Math.max(tape.first, position - READ_ENTRIES);
      this.#samples = [];
      this.#begin(tape.at(this.#position));
    }
    for (; this.#position < position; this.#position += 1) this.#take(tape.entry(this.#position));
    const us = tape.usAt(position);
    return this.#samples.filter((sample) => sample.us <= us);
  }

  #begin(state) {
    const rates = ({ hash_rate: set, hashes_per_second: measured }) => ({ set, measured });
    this.#nodes = new Map(state.nodes.map((node) => [node.node, rates(node)]));
    this.#down = state.down;
    this.#time = state.blocks.at(-1)?.time ?? null;
    this.#sample(state.us);
  }

  #take(entry) {
    if (entry.type === 'state') return this.#begin(entry.state);
    const { type, us } = entry;
    const node = this.#nodes.get(entry.node) ?? {};
    if (type === 'block') this.#time = Math.max(this.#time ?? 0, entry.time);
    else if (type === 'node') this.#nodes.set(entry.node, { ...node, set: entry.hash_rate });
    else if (type === 'rate') this.#nodes.set(entry.node, { ...node, measured: entry.hashes_per_second });
    else if (type === 'network') this.#down = entry.down;
    else return undefined;
    return this.#sample(us);
  }

  #sample(us) {
    if (this.#time === null) return;
    const up = [...this.#nodes].filter(([node]) => !this.#down.includes(node)).map(([, rates]) => rates);
    const measured = up.map((rates) => rates.measured).filter((rate) => rate !== undefined);
    const sum = (rates) => rates.reduce((total, rate) => total + rate, 0);
    const set = sum(up.map((rates) => rates.set ?? 0));
    this.#samples.push({ us, time: this.#time, set, measured: measured.length === 0 ? null : sum(measured) });
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.splice(0, KEPT_SAMPLES / 2);
  }
}
