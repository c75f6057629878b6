// A peer of toycoin on js-libp2p: it gossips, asks and answers, and checks no rules.
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { frame, headerOf, hex, messageId, status, tagOf, unframe, unhex } from './frames.mjs'
import { soon, until } from './wait.mjs'

export class Client {
  /** Messages that were gossiped: topic, id, payload. */
  heard = []
  /** Payloads of the questions that the node asked. */
  questions = []
  #seen

  /** Starts a peer with a new identity for the network with this genesis. */
  static async start (genesis) {
    const client = new Client()
    const net = genesis.slice(0, 8)
    client.genesis = genesis
    client.names = {
      version: `/toycoin/${net}/1`,
      ask: `/toycoin/${net}/ask/1`,
      transactions: `/toycoin/${net}/tx/1`,
      blocks: `/toycoin/${net}/block/1`
    }
    client.#seen = { genesis: unhex(genesis), tip: unhex(genesis), height: 0, work: Buffer.alloc(32) }
    client.libp2p = await createLibp2p({
      addresses: { listen: [] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: {
        // an agent has at most 64 bytes
        identify: identify({ agentVersion: 'toycoin-interop-js/1' }),
        ping: ping(),
        gossip: gossipsub({
          globalSignaturePolicy: 'StrictNoSign',
          msgIdFn: (message) => messageId(message.topic, message.data),
          emitSelf: false
        })
      }
    })
    const { gossip } = client.libp2p.services
    gossip.addEventListener('gossipsub:message', ({ detail: { msg } }) => {
      client.heard.push({ topic: msg.topic, id: hex(messageId(msg.topic, msg.data)), payload: hex(msg.data) })
    })
    gossip.subscribe(client.names.transactions)
    gossip.subscribe(client.names.blocks)
    // a node asks, too; without this protocol it takes nobody for a node of its network
    await client.libp2p.handle(client.names.ask, (stream) => client.#answer(stream))
    return client
  }

  get id () {
    return this.libp2p.peerId.toString()
  }

  /** Dials the node. `identified` is what it says of itself then, unless it closes the connection. */
  async dial (address) {
    this.identified = new Promise((resolve) => {
      this.libp2p.addEventListener('peer:identify', ({ detail }) => resolve(detail), { once: true })
    })
    this.connection = await soon('a connection', this.libp2p.dial(multiaddr(address)))
  }

  /** Dials the node, and returns what it says of itself. */
  async join (address) {
    await this.dial(address)
    return await soon('identify', this.identified)
  }

  /** Waits until the node gossips with us, so that it hears what we publish. */
  async gossips () {
    const { gossip } = this.libp2p.services
    const joined = (topic) => gossip.getMeshPeers(topic).length > 0
    await until('the mesh', () => [this.names.transactions, this.names.blocks].every(joined))
  }

  /** Waits until a payload, in hex, is gossiped. */
  async hears (payload) {
    return await until('gossip', () => this.heard.find((message) => message.payload === payload))
  }

  /** Waits until the compact form of a block, whose payload is given in hex, is gossiped. */
  async hearsBlock (payload) {
    const header = hex(headerOf(unhex(payload)))
    const isIt = (heard) => heard.topic === this.names.blocks && hex(headerOf(unhex(heard.payload))) === header
    return await until('gossip', () => this.heard.find(isIt))
  }

  /** Publishes a payload, in hex. */
  async publish (payload) {
    const data = unhex(payload)
    const topic = tagOf(data) === 'TXN ' ? this.names.transactions : this.names.blocks
    const { recipients } = await this.libp2p.services.gossip.publish(topic, data)
    return recipients.length
  }

  /** Asks the node, and returns the payloads of its answer. */
  async ask (payload) {
    return unframe(await this.askBytes(frame(payload)))
  }

  /** Writes bytes as a question, and returns the bytes of the answer. */
  async askBytes (bytes) {
    const asking = (async () => {
      const stream = await this.connection.newStream(this.names.ask)
      stream.send(bytes)
      await stream.close()
      return await read(stream)
    })()
    return await soon('an answer', asking)
  }

  /** Waits until the node has closed the connection; the library calls that closed, aborted, or reset. */
  async isClosed () {
    await until('the end of the connection', () => !['open', 'closing'].includes(this.connection.status))
  }

  /** Notes what a status shows, and shows that when asked for a status of ours. */
  sees ({ tip, height, work }) {
    this.#seen = { ...this.#seen, tip, height, work }
  }

  status () {
    return status(this.#seen)
  }

  /** Answers the node's question: a status with ours, anything else with nothing, which means "not now". */
  async #answer (stream) {
    try {
      for (const question of unframe(await read(stream))) {
        this.questions.push(question)
        if (tagOf(question) === 'STAT') stream.send(frame(this.status()))
      }
      await stream.close()
    } catch (error) {
      stream.abort(error)
    }
  }

  async stop () {
    await this.libp2p.stop()
  }
}

/** Returns all bytes up to the end of a stream. */
async function read (stream) {
  const parts = []
  for await (const part of stream) parts.push(Buffer.from(part.subarray()))
  return Buffer.concat(parts)
}
