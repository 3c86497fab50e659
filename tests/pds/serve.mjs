// A real Bluesky server (PDS) with the directory of identities (PLC) it needs, on this computer alone.
// Prints one line of JSON with its address when it is ready, and stops when its standard input ends.
import { createRequire } from 'node:module'
import { Server } from 'node:net'

// The packages would listen on every interface.
const listen = Server.prototype.listen
Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' ? listen.call(this, port, '127.0.0.1', ...rest) : listen.call(this, port, ...rest)
}

const load = createRequire(import.meta.url)
// Not the package's main file, which loads the app view and the moderation tools too.
const { TestPlc } = load('@atproto/dev-env/dist/plc.js')
const { TestPds } = load('@atproto/dev-env/dist/pds.js')
const { mockNetworkUtilities } = load('@atproto/dev-env/dist/util.js')
const { JWT_SECRET } = load('@atproto/dev-env/dist/const.js')
const { version } = load('@atproto/pds/package.json')

const plc = await TestPlc.create({})
const pds = await TestPds.create({ didPlcUrl: plc.url })
mockNetworkUtilities(pds)
console.log(JSON.stringify({ url: pds.url, version, jwtSecret: JWT_SECRET }))

process.stdin.resume()
process.stdin.on('end', async () => {
  await pds.close()
  await plc.close()
  process.exit(0)
})
