// Marks: the moments of a run that a class wants to find again. Reorganisations, partitions and their ends.

const MOST = 1_000;

/** Collects the marks of a run. */
export class Marks {
  constructor(state) {
    this.list = [];
    this.isParted = state.groups.length > 0;
  }

  /** Adds what an event marks, if anything. */
  add(event) {
    if (event.type === 'tip' && event.left.length > 0) {
      this.#push({ us: event.us, kind: 'reorganisation', node: event.node, left: event.left, joined: event.joined });
    } else if (event.type === 'network' && (event.groups.length > 0) !== this.isParted) {
      this.isParted = !this.isParted;
      this.#push({ us: event.us, kind: this.isParted ? 'partition' : 'heal' });
    } else if (event.type === 'state') {
      this.isParted = event.state.groups.length > 0;
    }
  }

  #push(mark) {
    this.list.push(mark);
    if (this.list.length > MOST) this.list.shift();
  }

  /** Forgets what lies before a time. */
  forget(us) {
    while (this.list.length > 0 && this.list[0].us < us) this.list.shift();
  }

  /** Returns the last mark of a kind at or before a time, else the last one of all. */
  last(kind, us) {
    return this.list.findLast((mark) => mark.kind === kind && mark.us <= us)
      ?? this.list.findLast((mark) => mark.kind === kind);
  }
}
