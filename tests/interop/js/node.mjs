// The node under test: crates/toycoin-p2p/examples/foreign.rs as a process, which takes a command a line.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { soon } from './wait.mjs'

export class Node {
  #process
  #lines

  /** Starts the program, and waits until it says where it listens. */
  static async start (program) {
    const node = new Node()
    node.#process = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
    node.#lines = createInterface({ input: node.#process.stdout })[Symbol.asyncIterator]()
    node.address = await node.#read('listens')
    node.genesis = await node.#read('network')
    return node
  }

  async #read (command) {
    const { value, done } = await soon(`the node's answer to ${command}`, this.#lines.next())
    if (done) throw new Error(`the node ended instead of answering ${command}`)
    if (!value.startsWith(`${command} `)) throw new Error(`the node answers ${command} with: ${value}`)
    return value.slice(command.length + 1)
  }

  async #tell (command) {
    this.#process.stdin.write(`${command}\n`)
    return (await this.#read(command)).split(' ')
  }

  /** `mine`, `block`, `bad-block` */
  async block (command) {
    const [height, hash, id, payload] = await this.#tell(command)
    return { height: Number(height), hash, id, payload }
  }

  /** `pay`, `payment`, `bad-payment` */
  async payment (command) {
    const [txid, id, payload] = await this.#tell(command)
    return { txid, id, payload }
  }

  /** Returns the ids of the peers that the node has. */
  async peers () {
    return (await this.#tell('peers')).filter((id) => id !== '')
  }

  async quit () {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin.end('quit\n')
    const code = await soon('the end of the node', ended)
    if (code !== 0) throw new Error(`the node ended with code ${code}`)
  }

  kill () {
    this.#process.kill('SIGKILL')
  }
}
