// A record: the state at its begin, and every event since, one line of JSON each.

import { Tape } from './clock.js';
import { Marks } from './marks.js';
import { VERSION } from './state.js';

/** Returns the tape of a record, and its marks. Throws if the text is none. */
export function readRecord(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Error('it is empty');
  const state = JSON.parse(lines[0]);
  if (state.toycoin_view !== VERSION) throw new Error(`version ${state.toycoin_view}, this page reads ${VERSION}`);
  const tape = new Tape(state, { limit: Infinity });
  const marks = new Marks(state);
  for (const line of lines.slice(1)) {
    const event = JSON.parse(line);
    tape.push(event, line);
    marks.add(event);
  }
  return { tape, marks };
}
