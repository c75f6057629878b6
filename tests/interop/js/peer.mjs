// A foreign implementation: a peer on js-libp2p meets a node, scene by scene.
//
//   node --import ./polyfill.mjs peer.mjs ../../../target/debug/examples/foreign
//
// Exit code 0 means that all scenes held.
import { Client } from './client.mjs'
import { Node } from './node.mjs'
import { scenes } from './scenes.mjs'

/** Longest time for all scenes together, in milliseconds. */
const DEADLINE = 120_000

const [program] = process.argv.slice(2)
if (program === undefined) {
  console.error('usage: peer.mjs PROGRAM, where PROGRAM is the example `foreign` of toycoin-p2p')
  process.exit(2)
}

const node = await Node.start(program)
process.once('exit', () => node.kill())
setTimeout(() => {
  console.error(`not done after ${DEADLINE / 1000} s`)
  process.exit(1)
}, DEADLINE).unref()

const client = await Client.start(node.genesis)
let [passed, failed] = [0, 0]
for (const [name, scene] of Object.entries(scenes)) {
  try {
    console.log(`${name}: ${await scene({ node, client })}`)
    passed++
  } catch (error) {
    console.error(`${name}: FAILED`, error)
    failed++
  }
}
await client.stop()
await node.quit()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
