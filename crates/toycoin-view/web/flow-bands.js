// The bands of a transaction's flow: what it spends and what it creates, fee included. No drawing.

/** Most bands on one side. Further coins share the last band. */
export const MOST_BANDS = 12;
/** Most inputs, and most outputs, that an event lists. */
const LISTED_PARTS = 64;

/**
 * Returns `{ left, right }`, lists of `{ key, kind, value, text, txid, owner }`, values in grains. `kind` is `coin`,
 * `spent` or `unspent` for an output, `fee`, `subsidy` or `more`. A coin whose value is not known has value 0.
 *
 * `tx` is esplora's transaction, `outspends` esplora's list for it or undefined; `fees` those of a coinbase's block,
 * undefined if they are not known.
 */
export function bandsOf(tx, outspends, fees) {
  const outputs = tx.vout.map((output, index) => (
    { key: `o${index}`, value: output.value, ...fate(output, outspends?.[index]) }));
  const created = outputs.reduce((sum, { value }) => sum + value, 0);
  if (tx.vin[0]?.is_coinbase) return { left: newMoney(created, fees), right: bounded(outputs) };
  const inputs = tx.vin.map((input, index) => ({
    key: `i${index}`, kind: 'coin', value: input.prevout?.value ?? 0, owner: nameOf(input.prevout),
    text: `output ${input.vout} of`, txid: input.txid,
  }));
  return { left: bounded(inputs), right: [...bounded(outputs), ...(tx.fee > 0 ? [feeBand(tx.fee)] : [])] };
}

/**
 * Returns the bands of a payment as an event tells it. Several spent coins share a band, because no event has their
 * values. Null if the event does not list all of its outputs: then nobody knows the sum.
 */
export function bandsOfPayment({ spends, pays, fee }) {
  if (pays.length >= LISTED_PARTS || spends.length === 0) return null;
  const right = pays.map(([owner, value], index) => ({ key: `o${index}`, ...fate({ scriptpubkey: owner }), value }));
  const value = right.reduce((sum, band) => sum + band.value, fee);
  const [txid, vout] = spends[0].split(':');
  const left = spends.length === 1 ? { key: 'i0', kind: 'coin', value, text: `output ${vout} of`, txid }
    : { key: 'i', kind: 'more', value, text: `${spends.length} coins in sum` };
  return { left: [left], right: [...bounded(right), ...(fee > 0 ? [feeBand(fee)] : [])] };
}

const feeBand = (value) => ({ key: 'fee', kind: 'fee', value, text: 'fee, to the miner' });

function newMoney(created, fees = 0) {
  const subsidy = { key: 'subsidy', kind: 'subsidy', value: created - fees, text: 'new money: the subsidy' };
  return fees === 0 ? [subsidy] : [subsidy, { key: 'fees', kind: 'fee', value: fees, text: 'fees of the block' }];
}

function fate(output, spent) {
  const owner = nameOf(output);
  if (spent?.spent) return { kind: 'spent', owner, text: 'spent by', txid: spent.txid };
  // whether it is spent may not be known
  return spent === undefined ? { kind: 'coin', owner, text: short(owner) }
    : { kind: 'unspent', owner, text: `${short(owner)} not spent` };
}

const short = (owner) => owner.slice(0, 10);
const nameOf = (output) => output?.scriptpubkey_address ?? output?.scriptpubkey;

function bounded(bands) {
  if (bands.length <= MOST_BANDS) return bands;
  const rest = bands.slice(MOST_BANDS - 1);
  const value = rest.reduce((sum, band) => sum + band.value, 0);
  return [...bands.slice(0, MOST_BANDS - 1), { key: 'more', kind: 'more', value, text: `${rest.length} more coins` }];
}
