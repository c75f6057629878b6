// The reducer: what all events so far add up to. The same as src/state.rs, and a test compares both.
//
// It never changes what it was given: a new state shares its unchanged parts with the old one. So a snapshot is a
// reference, and a part that is the same object has not changed.

export const VERSION = 1;
export const STATE_BLOCKS = 2_000;
export const STATE_MESSAGES = 2_000;
export const LISTED_PAYMENTS = 500;

/** Returns the state before the first event. */
export function newState(run, stage, seed, network) {
  return {
    toycoin_view: VERSION, run, seq: 0, us: 0, stage, seed, network,
    nodes: [], blocks: [], messages: [], groups: [], down: [], faults: [],
    clock: { speed: 1, paused: false },
  };
}

/** Returns the state after an event. What it says of nodes or messages that the state does not know is ignored. */
export function apply(state, event) {
  const next = { ...state, seq: event.seq, us: event.us };
  const change = changes[event.type];
  if (change !== undefined) change(next, event);
  return next;
}

const changes = {
  __proto__: null,

  block(state, event) {
    const { hash } = event;
    // the newest blocks are the likely ones
    if (state.blocks.findLast((known) => known.hash === hash) !== undefined) return;
    state.blocks = pushed(state.blocks, blockOf(event), STATE_BLOCKS);
  },

  tip(state, { node, hash, height }) {
    changeNode(state, node, (known) => ({ ...known, tip: hash, height }));
  },

  sent(state, event) {
    const { message, from, to, tag, bytes } = event;
    const flight = { us: event.us, message, from, to, tag, bytes, ...optional('about', event.about) };
    state.messages = pushed(state.messages, flight, STATE_MESSAGES);
  },

  arrived(state, { message, to }) {
    const index = state.messages.findIndex((flight) => flight.message === message);
    if (index < 0) return;
    const flight = state.messages[index];
    const left = flight.to.filter((recipient) => recipient !== to);
    state.messages = left.length === 0
      ? state.messages.toSpliced(index, 1)
      : state.messages.with(index, { ...flight, to: left });
  },

  tx(state, event) {
    changeNode(state, event.node, (known) => {
      if (known.mempool.some((payment) => payment.txid === event.txid)) return known;
      if (known.mempool.length >= LISTED_PAYMENTS) return withUnlisted(known, (known.unlisted ?? 0) + 1);
      return { ...known, mempool: [...known.mempool, paymentOf(event)] };
    });
  },

  gone(state, { node, txid }) {
    changeNode(state, node, (known) => {
      const index = known.mempool.findIndex((payment) => payment.txid === txid);
      if (index < 0) return withUnlisted(known, Math.max(0, (known.unlisted ?? 0) - 1));
      return { ...known, mempool: known.mempool.toSpliced(index, 1) };
    });
  },

  network(state, { groups, down, faults }) {
    state.groups = groups;
    state.down = down;
    state.faults = faults.map(({ id, kind, node }) => ({ id, kind, ...optional('node', node) }));
  },

  node(state, { node, name, hash_rate, tip, height }) {
    if (node < state.nodes.length) {
      changeNode(state, node, (known) => ({ ...known, name, hash_rate, tip, height }));
    } else if (node === state.nodes.length) {
      // nodes are added one after the other
      state.nodes = [...state.nodes, { node, name, hash_rate, tip, height, mempool: [] }];
    }
  },

  rate(state, { node, hashes_per_second }) {
    changeNode(state, node, (known) => ({ ...known, hashes_per_second }));
  },

  clock(state, { speed, paused }) {
    state.clock = { speed, paused };
  },

  attack(state, { attack, summary, setting, theory, attackers, outcome }) {
    state.attack = { attack, summary, setting, theory, attackers, ...optional('outcome', outcome) };
  },
};

function changeNode(state, node, change) {
  const known = state.nodes[node];
  if (known === undefined) return;
  const changed = change(known);
  if (changed !== known) state.nodes = state.nodes.with(node, changed);
}

/** A count of zero is absent, as in the encoding. */
function withUnlisted(node, count) {
  const { unlisted: _, ...rest } = node;
  return count === 0 ? rest : { ...rest, unlisted: count };
}

function pushed(list, item, most) {
  const longer = [...list, item];
  if (longer.length > most) longer.shift();
  return longer;
}

function optional(name, value) {
  return value === undefined || value === null ? {} : { [name]: value };
}

/** Picks what the schema knows: later versions may say more. */
function blockOf({ hash, prev, height, miner, extra, extra_hex, time, bits, work, txs, size, fees }) {
  return { hash, prev, height, miner: miner ?? null, extra, extra_hex, time, bits, work, txs, size, fees };
}

function paymentOf({ txid, fee, size, spends, pays, parents }) {
  return { txid, fee, size, spends, pays, parents };
}
