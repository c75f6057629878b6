// Words: how hashes, amounts, times and events are written for people.

/** Shortens a hash. Its leading zeros stay: they are what proof of work looks like. */
export function short(hash) {
  const zeros = /^0*/.exec(hash)[0].length;
  return hash.slice(0, Math.max(8, zeros + 4));
}

const NUMBERS = new Intl.NumberFormat('en');

/** Writes a number with commas. */
export const grouped = (number) => NUMBERS.format(number);

/** Writes a count with its noun: "1 payment", "2 payments". */
export function count(number, noun, plural = `${noun}s`) {
  return `${grouped(number)} ${number === 1 ? noun : plural}`;
}

/** Writes a time in microseconds as "12.034 s" or "3:07.2". */
export function time(us) {
  const seconds = us / 1e6;
  if (us < 59_999_500) return `${seconds.toFixed(3)} s`;
  // rounded first: 179.96 s are 3:00.0, not 2:60.0
  const tenths = Math.round(us / 1e5);
  const minutes = Math.floor(tenths / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${rest}`;
}

const pad = (number) => String(number).padStart(2, '0');

/** Writes a list of numbers, with ranges: "0-3, 7". */
export function ranges(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const parts = [];
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (sorted[end + 1] === sorted[end] + 1) end += 1;
    parts.push(end - at >= 2 ? `${sorted[at]}–${sorted[end]}` : sorted.slice(at, end + 1).join(', '));
    at = end + 1;
  }
  return parts.join(', ');
}

/** Writes "node 3", "nodes 0 and 1", "nodes 0–3". */
export function nodesInWords(numbers) {
  if (numbers.length === 1) return `node ${numbers[0]}`;
  if (numbers.length === 2) return `nodes ${numbers[0]} and ${numbers[1]}`;
  return `nodes ${ranges(numbers)}`;
}

/** Writes groups of a partition: "0, 1 | 2, 3". */
export const groupsInWords = (groups) => groups.map(ranges).join(' | ');

/** Writes the number of a rule as in docs/consensus.md. */
export const ruleName = (rule) => `R${String(rule).padStart(2, '0')}`;

const TAGS = {
  'BLOC': 'a block', 'TXN': 'a payment', 'STAT': 'its status', 'HDRS': 'headers', 'GHDR': 'a request for headers',
  'GBLK': 'a request for blocks', 'GTXN': 'a request for payments', 'NOTF': 'that it has no such thing',
  'RJCT': 'a refusal', 'CBLK': 'a compact block', 'GBTX': 'a request for payments of a block',
  'BTXS': 'payments of a block', 'GPRF': 'a request for a proof of work', 'PROF': 'a proof of work',
  'GANC': 'a request for a proof of ancestry', 'ANCS': 'a proof of ancestry', 'GTXP': 'a request for receipts',
  'TXPR': 'receipts', 'GFIL': 'a request for block filters', 'FILT': 'block filters',
  'GSNP': 'a request for a snapshot', 'SNPM': 'a snapshot’s manifest', 'GCHK': 'a request for a part of a snapshot',
  'CHNK': 'a part of a snapshot',
};

/** Writes what a message with a tag carries. */
export const tagInWords = (tag) => TAGS[tag.trim()] ?? `a message ${tag.trim()}`;

const FATES = { delivered: 'received', withheld: 'was cut off from', lost: 'lost', lagged: 'was too slow for' };
const FAREWELLS = {
  confirmed: 'a block confirmed it', conflict: 'a block spends its coin', replaced: 'a higher fee replaced it',
  evicted: 'the mempool is full of higher fee rates', expired: 'it waited too long',
  reorganised: 'its coins are gone after a reorganisation', restart: 'the node restarted',
};

/** Writes why a payment left a mempool. */
export const farewell = (why) => FAREWELLS[why] ?? why;

/**
 * Writes an event as parts: texts, and links `{kind, id, text}`. Several nodes may have done the same.
 */
export function sentence(event, nodes = [event.node]) {
  const node = (number) => ({ kind: 'node', id: number, text: `node ${number}` });
  const who = nodes.length === 1 ? node(event.node) : nodesInWords(nodes.toSorted((a, b) => a - b));
  const verb = nodes.length === 1 ? 'stands' : 'stand';
  const block = (hash) => ({ kind: 'block', id: hash, text: short(hash) });
  const tx = (txid) => ({ kind: 'tx', id: txid, text: short(txid) });
  switch (event.type) {
    case 'block':
      return event.miner === null || event.miner === undefined
        ? ['Block ', String(event.height), ' ', block(event.hash), ' appeared']
        : [node(event.miner), ' found block ', String(event.height), ' ', block(event.hash),
          `, ${count(event.txs - 1, 'payment')} inside`];
    case 'tip': {
      const left = event.left_count ?? event.left.length;
      const joined = event.joined_count ?? event.joined.length;
      return left === 0
        ? [who, ` ${verb} on block ${event.height} `, block(event.hash)]
        : [who, ` reorganised: ${count(left, 'block')} left, ${joined} joined, now on block `,
          `${event.height} `, block(event.hash)];
    }
    case 'sent':
      return [node(event.from), ` sent ${tagInWords(event.tag)} to ${nodesInWords(event.to)}`, ...about(event)];
    case 'arrived':
      return [node(event.to), ` ${FATES[event.fate] ?? event.fate} message ${event.message}`];
    case 'tx':
      return ['Payment ', tx(event.txid), ' waits at ', who,
        `, fee ${count(event.fee, 'grain')} for ${count(event.size, 'byte')}`];
    case 'gone':
      return ['Payment ', tx(event.txid), ' left ', who, `: ${farewell(event.why)}`];
    case 'rejected':
      return [node(event.node), ` refused ${event.what === 'tx' ? 'payment' : 'block'} `,
        event.what === 'tx' ? tx(event.hash) : block(event.hash), ` by ${ruleName(event.rule)}: ${event.reason}`];
    case 'network': return [disturbances(event)];
    case 'node': return [node(event.node), ` has hash rate ${event.hash_rate}`];
    case 'rate': return [node(event.node), ` computes ${count(event.hashes_per_second, 'hash', 'hashes')} per second`];
    case 'clock': return [event.paused ? 'The network stands still' : `The network runs at speed ${event.speed}`];
    case 'note': return [event.text];
    case 'attack': return [`${event.attack}, ${event.setting}: ${event.outcome ?? 'a trial begins'}`];
    default: return [`Event ${event.type}`];
  }
}

function about({ tag, about: id }) {
  if (id === undefined) return [];
  const kind = /^G?TXN/.test(tag) ? 'tx' : 'block';
  return [', about ', { kind, id, text: short(id) }];
}

function disturbances({ groups, down, faults }) {
  const parts = [];
  if (groups.length > 0) parts.push(`parted: ${groupsInWords(groups)}`);
  if (down.length > 0) parts.push(`stopped: ${nodesInWords(down)}`);
  for (const { kind, node } of faults) parts.push(node === undefined ? kind : `${kind} at node ${node}`);
  return parts.length === 0 ? 'The network is whole' : `The network is ${parts.join('; ')}`;
}
