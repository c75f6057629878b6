// Targets and work, with whole numbers of any size: what a header's bits demand of its hash.

const TWO_256 = 1n << 256n;

/** What is wrong with bits that are no target. */
export const COMPACT_FAULTS = {
  zero: 'the target is zero',
  negative: 'the sign bit is set',
  overflow: 'the target exceeds 256 bits',
};

/**
 * Reads a target in compact form, as Bitcoin's `SetCompact` does: an exponent of 8 bits, a mantissa of 23.
 * Returns `{ target }`, or `{ fault }`, a key of `COMPACT_FAULTS`.
 */
export function targetOf(bits) {
  const size = bits >>> 24;
  const mantissa = BigInt(bits & 0x7fffff);
  const target = size <= 3 ? mantissa >> BigInt(8 * (3 - size)) : mantissa << BigInt(8 * (size - 3));
  if (target === 0n) return { fault: 'zero' };
  if (bits & 0x800000) return { fault: 'negative' };
  if (target >= TWO_256) return { fault: 'overflow' };
  return { target };
}

/** Returns a target from 1 to 2^256 - 1 in compact form, rounded down. */
export function compactOf(target) {
  let size = Math.ceil(target.toString(16).length / 2);
  let mantissa = size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3));
  // the top bit of the mantissa is a sign, so one byte moves to the exponent
  if (mantissa & 0x800000n) {
    mantissa >>= 8n;
    size += 1;
  }
  return ((size << 24) | Number(mantissa)) >>> 0;
}

/** Returns the average number of hashes that finding a block takes: floor(2^256 / (target + 1)). */
export const workOf = (target) => TWO_256 / (target + 1n);

/** Returns a hash as the number that rule R11 compares: big-endian. */
export const numberOf = (hash) => BigInt(`0x${hash}`);

/** Returns whether a hash meets a target. */
export const meets = (hash, target) => numberOf(hash) <= target;

/** Returns a target as 64 hex digits, to be laid beside a hash. */
export const digitsOf = (target) => target.toString(16).padStart(64, '0');

/**
 * Returns how rare a number below 2^256 is, in bits: 256 - log2(number). A hash of 20 bits or more is found once in
 * 2^20 tries. Zero counts as one.
 */
export function rarity(number) {
  const digits = (number || 1n).toString(2);
  // 53 digits are what a double holds
  return 256 - (Math.log2(Number.parseInt(digits.slice(0, 53), 2)) + Math.max(0, digits.length - 53));
}

/** Returns in how many of their 256 bits two hashes differ. */
export function bitsApart(one, other) {
  return (numberOf(one) ^ numberOf(other)).toString(2).replaceAll('0', '').length;
}

/**
 * Returns the bits that aserti3-2d asks for. `anchor` and `limit` are targets, the times are `BigInt`s in milliseconds.
 * The same whole-number arithmetic as the node's, so the result is equal to the bit.
 */
export function asert(anchor, elapsedMs, intervals, spacingMs, halfLifeMs, limit) {
  // BigInt division truncates toward zero, as that of the reference does
  const exponent = ((elapsedMs - spacingMs * intervals) * 65536n) / halfLifeMs;
  const whole = exponent >> 16n;
  const f = exponent - (whole << 16n);
  const factor = 65536n + ((195766423245049n * f + 971821376n * f * f + 5127n * f * f * f + (1n << 47n)) >> 48n);
  const shift = whole - 16n;
  // a shift beyond 1,024 bits is past any limit already
  const product = anchor * factor;
  const raw = shift <= 0n ? product >> -shift : product << (shift > 1024n ? 1024n : shift);
  const least = raw < 1n ? 1n : raw;
  return compactOf(least > limit ? limit : least);
}
