// The 128 bytes of a block's header: which byte belongs to which field, and what a field's bytes say.

/** Length of a header in bytes: two blocks of BLAKE3. */
export const HEADER_BYTES = 128;

/** Upper bound of a header's time, exclusive, in Unix milliseconds. */
export const TIME_LIMIT = 1n << 48n;

/**
 * The fields in the order of their bytes. `kind` is `hash` (shown in the order of its bytes) or `number`
 * (little-endian). `rules` are the numbers of the rules that judge the field.
 */
export const FIELDS = [
  { name: 'previous', label: 'Previous', at: 0, size: 32, kind: 'hash', rules: [8],
    meaning: "The parent's hash. It makes a chain out of blocks: who changes the parent changes this block too." },
  { name: 'merkle_root', label: 'Merkle root', at: 32, size: 32, kind: 'hash', rules: [15],
    meaning: 'One hash for all transactions of the block, with their signatures.' },
  { name: 'version', label: 'Version', at: 64, size: 4, kind: 'number', rules: [6],
    meaning: "The version of the header's layout." },
  { name: 'bits', label: 'Bits', at: 68, size: 4, kind: 'number', rules: [7, 10],
    meaning: 'The target in compact form: the greatest number that the hash may be.' },
  { name: 'height', label: 'Height', at: 72, size: 8, kind: 'number', rules: [9, 16],
    meaning: 'The number of blocks below this one.' },
  { name: 'time', label: 'Time', at: 80, size: 8, kind: 'number', rules: [12, 13, 14],
    meaning: "Unix time in milliseconds, as the miner's clock had it." },
  { name: 'state_root', label: 'State root', at: 88, size: 32, kind: 'hash', rules: [32],
    meaning: 'One hash for all coins that exist after this block, and for the chain below it.' },
  { name: 'nonce', label: 'Nonce', at: 120, size: 8, kind: 'number', rules: [11],
    meaning: 'The number that a miner varies until the hash meets the target.' },
];

/** Returns the field with that name. */
export const fieldNamed = (name) => FIELDS.find((field) => field.name === name);

/** Returns the field that holds the byte at an offset from 0 to 127. */
export const fieldAt = (offset) => FIELDS.find(({ at, size }) => offset >= at && offset < at + size);

/** Parses hex digits. Throws a `RangeError` if the text is anything else. */
export function bytesOf(hex) {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) throw new RangeError('an even number of hex digits, please');
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Returns bytes as lower-case hex digits. */
export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Parses a header in hex. Throws a `RangeError` unless it has 128 bytes. */
export function headerBytes(hex) {
  const bytes = bytesOf(hex.trim());
  if (bytes.length !== HEADER_BYTES) throw new RangeError(`a header has ${HEADER_BYTES} bytes, not ${bytes.length}`);
  return bytes;
}

/** Returns a field's value: hex digits of a hash, a `BigInt` of a number. */
export function readField(bytes, field) {
  const part = bytes.subarray(field.at, field.at + field.size);
  if (field.kind === 'hash') return hexOf(part);
  return part.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Returns all fields' values by name. */
export const readHeader = (bytes) => Object.fromEntries(FIELDS.map((field) => [field.name, readField(bytes, field)]));

/** Returns a copy of the header with another value of a field. Throws a `RangeError` if the value does not fit. */
export function withField(bytes, field, value) {
  const copy = Uint8Array.from(bytes);
  copy.set(fieldBytes(field, value), field.at);
  return copy;
}

/**
 * Reads what a person typed for a field: a decimal or `0x` number, or the digits of a hash.
 * Throws a `RangeError` that says what is expected.
 */
export function parseField(field, text) {
  const trimmed = text.trim();
  if (field.kind === 'hash') {
    if (!/^[0-9a-f]{64}$/i.test(trimmed)) throw new RangeError(`${field.label}: 64 hex digits are expected`);
    return trimmed.toLowerCase();
  }
  const most = (1n << BigInt(8 * field.size)) - 1n;
  const digits = trimmed.replaceAll(/[\s_,]/g, '');
  // 20 decimal digits hold the greatest number of 8 bytes
  const value = /^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(digits) ? BigInt(digits) : -1n;
  if (value < 0n || value > most) throw new RangeError(`${field.label}: a whole number from 0 to ${most} is expected`);
  return value;
}

function fieldBytes(field, value) {
  if (field.kind === 'hash') {
    const bytes = bytesOf(value);
    if (bytes.length !== field.size) throw new RangeError(`${field.label} has ${field.size} bytes`);
    return bytes;
  }
  if (value < 0n || value >> BigInt(8 * field.size)) throw new RangeError(`${field.label} has ${field.size} bytes`);
  return Uint8Array.from({ length: field.size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
