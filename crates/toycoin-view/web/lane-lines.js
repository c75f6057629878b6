// The lines of a sequence diagram: one for each recipient of a message. No drawing.

/**
 * Returns the lines that touch the time from `from` to `to`, in microseconds, the first sent first:
 * `{ key, message, from, to, tag, bytes, about, sent, arrived, fate }`.
 *
 * `events` are in their order, `flying` are the state's messages in flight. `arrived` is null and `fate` is `flying`
 * while a message is on its way. An arrival of a message whose sending is not among them is left out.
 */
export function linesOf(events, flying, from, to) {
  const sent = new Map(flying.map((message) => [message.message, message]));
  const lines = new Map();
  const begin = (message, recipients) => {
    for (const recipient of recipients) {
      const key = `${message.message}-${recipient}`;
      const { tag, bytes, about, us } = message;
      lines.set(key, { key, message: message.message, from: message.from, to: recipient, tag, bytes, about,
        sent: us, arrived: null, fate: 'flying' });
    }
  };
  for (const message of flying) begin(message, message.to);
  for (const event of events) {
    if (event.type === 'sent') {
      sent.set(event.message, event);
      // what is in flight was begun above; the rest of its recipients follow by their arrivals
      begin(event, event.to);
    } else if (event.type === 'arrived' && sent.has(event.message)) {
      const key = `${event.message}-${event.to}`;
      if (!lines.has(key)) begin(sent.get(event.message), [event.to]);
      Object.assign(lines.get(key), { arrived: event.us, fate: event.fate });
    }
  }
  return [...lines.values()]
    .filter((line) => line.sent <= to && (line.arrived ?? to) >= from)
    .sort((a, b) => a.sent - b.sent || a.message - b.message || a.to - b.to);
}

/** Returns the blocks that nodes found from `from` to `to`: `{ hash, height, node, us }`. */
export function foundIn(events, from, to) {
  return events
    .filter(({ type, us, miner }) => type === 'block' && miner !== null && us >= from && us <= to)
    .map(({ hash, height, miner, us }) => ({ hash, height, node: miner, us }));
}
