// The bands of a transaction's flow: what it spends and what it creates, fee included. No drawing.

/** Most bands on one side. Further coins share the last band. */
export const MOST_BANDS = 12;

/**
 * Returns `{ left, right }`, lists of `{ key, kind, value, text, txid, owner }`, values in grains. `kind` is `coin`,
 * `spent` or `unspent` for an output, `fee`, `subsidy` or `more`.
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
  const fee = { key: 'fee', kind: 'fee', value: tx.fee, text: 'fee, to the miner' };
  return { left: bounded(inputs), right: [...bounded(outputs), ...(tx.fee > 0 ? [fee] : [])] };
}

function newMoney(created, fees = 0) {
  const subsidy = { key: 'subsidy', kind: 'subsidy', value: created - fees, text: 'new money: the subsidy' };
  return fees === 0 ? [subsidy] : [subsidy, { key: 'fees', kind: 'fee', value: fees, text: 'fees of the block' }];
}

function fate(output, spent) {
  const owner = nameOf(output);
  if (spent?.spent) return { kind: 'spent', owner, text: 'spent by', txid: spent.txid };
  return { kind: 'unspent', owner, text: spent === undefined ? short(owner) : `${short(owner)} not spent` };
}

const short = (owner) => `${owner.slice(0, 10)}…`;
const nameOf = (output) => output?.scriptpubkey_address ?? output?.scriptpubkey;

function bounded(bands) {
  if (bands.length <= MOST_BANDS) return bands;
  const rest = bands.slice(MOST_BANDS - 1);
  const value = rest.reduce((sum, band) => sum + band.value, 0);
  return [...bands.slice(0, MOST_BANDS - 1), { key: 'more', kind: 'more', value, text: `${rest.length} more coins` }];
}
