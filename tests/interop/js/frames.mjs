// The bytes of toycoin: frames of /toycoin/<net>/ask/1, and as much of the payloads as a peer needs that checks no rules.
//
//   frame:    length u32 BIG-endian | tag: 4 ASCII bytes | body       length counts tag and body
//   payload:  tag | body; integers are little-endian, a list begins with its count as u64
//
// docs/protocol.md has all of it.
import { createHash } from 'node:crypto'

export const hex = (bytes) => Buffer.from(bytes).toString('hex')
export const unhex = (text) => Buffer.from(text, 'hex')
export const tagOf = (payload) => Buffer.from(payload).subarray(0, 4).toString('latin1')

/** The first 20 bytes of SHA-256(topic | 0x00 | data). */
export function messageId (topic, data) {
  return createHash('sha256').update(topic).update(Buffer.of(0)).update(data).digest().subarray(0, 20)
}

/** Returns the frame around a payload. */
export function frame (payload) {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(payload.length)
  return Buffer.concat([head, payload])
}

/** Returns the payloads of the frames that these bytes consist of. */
export function unframe (bytes) {
  const payloads = []
  for (let at = 0; at < bytes.length;) {
    if (at + 8 > bytes.length) throw new Error(`${bytes.length - at} bytes are no frame`)
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length || end < at + 8) throw new Error(`a frame up to byte ${end} of ${bytes.length}`)
    payloads.push(bytes.subarray(at + 4, end))
    at = end
  }
  return payloads
}

const u16 = (value) => { const bytes = Buffer.alloc(2); bytes.writeUInt16LE(value); return bytes }
const u32 = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes }
const u64 = (value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes }
const list = (items) => Buffer.concat([u64(items.length), ...items])

const payload = (tag, ...parts) => Buffer.concat([Buffer.from(tag, 'latin1'), ...parts])
export const getHeaders = (locator, stop) => payload('GHDR', list(locator), stop)
export const getBlocks = (hashes) => payload('GBLK', list(hashes))
export const getTransactions = (ids) => payload('GTXN', list(ids))
export const getBlockTransactions = (hash, places) => payload('GBTX', hash, list(places.map(u32)))
export const getAddresses = () => payload('GADR')
export const status = ({ genesis, tip, height, work }) =>
  payload('STAT', u16(1), genesis, tip, u64(height), work, u64(Date.now()))

/** Reads a payload's body from its start to its end. */
class Reader {
  constructor (payload, tag) {
    if (tagOf(payload) !== tag) throw new Error(`${tagOf(payload)} came, ${tag} is expected`)
    this.bytes = Buffer.from(payload)
    this.at = 4
  }

  take (length) {
    if (this.at + length > this.bytes.length) throw new Error('the body ends inside a field')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  u16 () { return this.take(2).readUInt16LE() }
  u32 () { return this.take(4).readUInt32LE() }
  u64 () { return Number(this.take(8).readBigUInt64LE()) }
  list (item) { return Array.from({ length: this.u64() }, () => item(this)) }

  end (value) {
    if (this.at !== this.bytes.length) throw new Error(`${this.bytes.length - this.at} bytes follow the message`)
    return value
  }
}

export function readStatus (payload) {
  const body = new Reader(payload, 'STAT')
  const version = body.u16()
  const [genesis, tip] = [body.take(32), body.take(32)]
  return body.end({ version, genesis, tip, height: body.u64(), work: body.take(32), time: body.u64() })
}

/** Returns the headers, 128 bytes each. */
export function readHeaders (payload) {
  const body = new Reader(payload, 'HDRS')
  return body.end(body.list(() => body.take(128)))
}

export function readNotFound (payload) {
  const body = new Reader(payload, 'NOTF')
  return body.end(body.list(() => body.take(32)))
}

export function readAddresses (payload) {
  const body = new Reader(payload, 'ADDR')
  return body.end(body.list(() => ({
    peer: body.take(body.u64()), ip: body.take(16), port: body.u16(), hour: body.u32()
  })))
}

/** Returns the header of a block or of a compact block, the first 128 bytes of its body. */
export const headerOf = (block) => new Reader(block, tagOf(block) === 'CBLK' ? 'CBLK' : 'BLOC').take(128)

/** Reads a compact block: 6 bytes stand for each payment. */
export function readCompactBlock (payload) {
  const body = new Reader(payload, 'CBLK')
  const [header, nonce] = [body.take(128), body.take(8)]
  const coinbase = { height: body.u64(), extra: body.take(body.u64()) }
  coinbase.outputs = body.list(() => ({ value: body.u64(), owner: body.take(32) }))
  return body.end({ header, nonce, coinbase, ids: body.list(() => body.take(6)) })
}

/** Reads payments of a block: its hash, and the list as the block itself has it. */
export function readBlockTransactions (payload) {
  const body = new Reader(payload, 'BTXS')
  return { hash: body.take(32), list: Buffer.from(payload).subarray(body.at) }
}
