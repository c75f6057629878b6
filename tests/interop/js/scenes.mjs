// What the peer and the node do with each other, one scene after the other. Each returns what it saw, and fails if
// that is not what docs/p2p.md says.
import assert from 'node:assert/strict'
import { Client } from './client.mjs'
import {
  frame, getAddresses, getBlockTransactions, getBlocks, getHeaders, getTransactions, headerOf, hex, messageId,
  readAddresses, readBlockTransactions, readCompactBlock, readHeaders, readNotFound, readStatus, tagOf, unhex
} from './frames.mjs'
import { until } from './wait.mjs'

const NOBODY = Buffer.alloc(32, 0xee)

/** The scenes, in their order. */
export const scenes = {
  async 'dials and identifies' ({ node, client }) {
    const { protocolVersion, agentVersion, protocols } = await client.join(node.address)
    assert.equal(protocolVersion, client.names.version)
    const expected = [client.names.ask, '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', '/meshsub/1.1.0', '/meshsub/1.2.0']
    for (const protocol of expected) assert.ok(protocols.includes(protocol), protocol)
    assert.ok(Buffer.byteLength(agentVersion) <= 64)
    await until('joining', async () => (await node.peers()).includes(client.id))
    return `${agentVersion}, ${protocolVersion}, ${protocols.length} protocols`
  },

  async 'answers pings' ({ client }) {
    const took = await client.libp2p.services.ping.ping(client.connection.remotePeer)
    return `${took} ms`
  },

  async 'is grafted into both topics' ({ client }) {
    await client.gossips()
    return `${client.names.transactions}, ${client.names.blocks}`
  },

  async 'tells and asks its status' ({ client }) {
    const answer = await client.ask(client.status())
    assert.equal(answer.length, 1)
    const status = readStatus(answer[0])
    assert.equal(status.version, 1)
    assert.equal(hex(status.genesis), client.genesis)
    assert.deepEqual([status.height, hex(status.tip)], [0, client.genesis])
    return `height ${status.height}, tip ${hex(status.tip).slice(0, 16)}`
  },

  async 'hears a block' ({ node, client }) {
    const mined = await node.block('mine')
    const heard = await client.hearsBlock(mined.payload)
    const { coinbase, ids } = readCompactBlock(unhex(heard.payload))
    assert.deepEqual([coinbase.height, ids.length], [mined.height, 0])
    assert.equal(heard.id, hex(messageId(client.names.blocks, unhex(heard.payload))))
    // this peer has no mempool to rebuild it from, so it asks for all of it
    const [block] = await client.ask(getBlocks([unhex(mined.hash)]))
    assert.equal(hex(block), mined.payload)
    return `height ${mined.height}, message id ${heard.id}`
  },

  async 'hears a transaction' ({ node, client }) {
    const paid = await node.payment('pay')
    const heard = await client.hears(paid.payload)
    assert.equal(heard.topic, client.names.transactions)
    assert.equal(heard.id, paid.id)
    return `${paid.txid.slice(0, 16)}, message id ${heard.id}`
  },

  async 'publishes a transaction' ({ node, client }) {
    const payment = await node.payment('payment')
    assert.equal(await client.publish(payment.payload), 1)
    const [answer] = await until('the payment in the mempool', async () => {
      const answer = await client.ask(getTransactions([unhex(payment.txid)]))
      return tagOf(answer[0]) === 'TXN ' && answer
    })
    assert.equal(hex(answer), payment.payload)
    return `${payment.txid.slice(0, 16)} is in the mempool, ${answer.length} bytes`
  },

  async 'publishes a block' ({ node, client }) {
    const block = await node.block('block')
    assert.equal(await client.publish(block.payload), 1)
    const status = await until('the new tip', async () => {
      const [answer] = await client.ask(client.status())
      const status = readStatus(answer)
      return hex(status.tip) === block.hash && status
    })
    assert.equal(status.height, block.height)
    client.sees(status)
    return `height ${status.height}, tip ${block.hash.slice(0, 16)}`
  },

  async 'asks for headers' ({ node, client }) {
    const block = await node.block('block')
    const [answer] = await client.ask(getHeaders([unhex(client.genesis)], Buffer.alloc(32)))
    const headers = readHeaders(answer)
    assert.equal(headers.length, block.height - 1)
    // the parent that a block names is the header before it
    const tip = hex(headerOf(unhex(block.payload)).subarray(0, 32))
    const [last] = await client.ask(getHeaders([unhex(client.genesis)], unhex(tip)))
    assert.equal(hex(last), hex(answer))
    assert.deepEqual(readHeaders((await client.ask(getHeaders([unhex(tip)], Buffer.alloc(32))))[0]), [])
    return `${headers.length} headers of ${headers[0].length} bytes`
  },

  async 'asks for blocks' ({ client }) {
    const blocks = client.heard.filter(({ topic }) => topic === client.names.blocks).map(({ payload }) => payload)
    const [answer] = await client.ask(getHeaders([unhex(client.genesis)], Buffer.alloc(32)))
    const headers = readHeaders(answer)
    // a header names its parent, and the status the tip
    const hashes = [...headers.slice(1).map((header) => header.subarray(0, 32)), readStatus(client.status()).tip]
    const bodies = await client.ask(getBlocks([...hashes, NOBODY]))
    const [missing, ...found] = [...bodies].reverse()
    assert.deepEqual(readNotFound(missing).map(hex), [hex(NOBODY)])
    assert.deepEqual(found.reverse().map((body) => hex(headerOf(body))), headers.map(hex))
    const isKept = (block) => found.some((body) => headerOf(body).equals(headerOf(unhex(block))))
    for (const block of blocks) assert.ok(isKept(block), 'what was gossiped is what is kept')
    return `${found.length} blocks, NOTF for 1`
  },

  async 'asks for what is not there' ({ client }) {
    const [answer] = await client.ask(getTransactions([NOBODY]))
    assert.deepEqual(readNotFound(answer).map(hex), [hex(NOBODY)])
    return 'NOTF'
  },

  async 'asks for addresses' ({ client }) {
    const [answer] = await client.ask(getAddresses())
    const addresses = readAddresses(answer)
    assert.ok(addresses.length <= 64)
    return `${addresses.length} addresses`
  },

  async 'asks what the node does not know' ({ node, client }) {
    assert.deepEqual(await client.ask(Buffer.from('WHATever')), [])
    assert.ok((await node.peers()).includes(client.id))
    return 'an empty answer'
  },

  async 'asks for payments of a block' ({ node, client }) {
    const mined = await node.block('mine')
    const { ids } = readCompactBlock(unhex((await client.hearsBlock(mined.payload)).payload))
    assert.ok(ids.length >= 1)
    const places = ids.map((_, place) => place)
    const [answer] = await client.ask(getBlockTransactions(unhex(mined.hash), places))
    const { hash, list } = readBlockTransactions(answer)
    assert.equal(hex(hash), mined.hash)
    assert.ok(mined.payload.endsWith(hex(list)), 'the list of a block is that of its payments')
    const [missing] = await client.ask(getBlockTransactions(NOBODY, [0]))
    assert.deepEqual(readNotFound(missing).map(hex), [hex(NOBODY)])
    return `${ids.length} payments, NOTF for 1 block`
  },

  async 'answers the node' ({ node, client }) {
    const { height } = await node.block('mine')
    // a new tip that we did not show makes it tell us its status, as a question
    const asked = await until('a question', () => client.questions.map(tagOf).includes('STAT') && client.questions)
    return `${asked.map(tagOf).join(' ')} at height ${height}`
  },

  async 'is shunned for a bad signature' (stage) {
    const { payload } = await stage.node.payment('bad-payment')
    return await shunned(stage, (offender) => offender.publish(payload))
  },

  async 'is shunned for a bad Merkle root' (stage) {
    const { payload } = await stage.node.block('bad-block')
    return await shunned(stage, (offender) => offender.publish(payload))
  },

  async 'is shunned for a frame over its cap' (stage) {
    const huge = frame(Buffer.from('STAT'))
    huge.writeUInt32BE(2 ** 31)
    // the answer is an error, or nothing
    return await shunned(stage, (offender) => offender.askBytes(huge).catch(() => {}))
  },

  async 'is still joined' ({ node, client }) {
    const mined = await node.block('mine')
    await client.hearsBlock(mined.payload)
    assert.deepEqual(await node.peers(), [client.id])
    return `height ${mined.height}`
  }
}

/** A new peer offends, and is gone; when it dials again, the node does not let it in. */
async function shunned ({ node, client }, offend) {
  const offender = await Client.start(client.genesis)
  try {
    for (let mutes = 1; mutes <= MOST_MUTES; mutes++) {
      await offender.join(node.address)
      await offender.gossips()
      await offend(offender)
      await offender.isClosed()
      const since = performance.now()
      assert.ok(!(await node.peers()).includes(offender.id))
      const refusal = await refused(offender, node)
      if (refusal) return `${refusal}, after ${mutes === 1 ? '1 mute' : `${mutes} mutes`}`
      // on a machine this slow the mute was over, and the next one is twice as long
      const muted = 5_000 * 2 ** (mutes - 1)
      assert.ok(performance.now() - since >= muted, 'a muted peer was let in')
    }
    throw new Error('it was never refused')
  } finally {
    await offender.stop()
  }
}

/** Dials again, and returns how the node refused; nothing if it let us in. */
async function refused (offender, node) {
  try {
    await offender.dial(node.address)
  } catch (error) {
    return `refused when it dials again: ${error.message}`
  }
  const closed = offender.isClosed().then(() => 'closed when it dials again')
  return await Promise.race([closed, offender.identified.then(() => undefined)])
}

const MOST_MUTES = 4
