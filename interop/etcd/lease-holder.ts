/** A process of its own that holds a lease on a key, so that a test can stop it. Says "held" first, and "ended" at the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodePlatform } from '@odradek/platform/node'
import { EtcdStore } from '../../packages/broker/src/metadata/etcd/etcd-store.ts'
import { LeaseEndedError } from '../../packages/broker/src/metadata/metadata-store.ts'

const [url = '', key = '', ttlMs = ''] = process.argv.slice(2)
const store = await EtcdStore.open({ url, ...createNodePlatform() })
const lease = await store.lease(Number(ttlMs))
await store.commit(new Map(), [{ key, value: String(process.pid), lease }])
console.log('held')
try {
  for (;;) {
    await lease.keepAlive()
    await sleep(Number(ttlMs) / 4)
  }
} catch (error) {
  if (!(error instanceof LeaseEndedError)) throw error
  console.log('ended')
}
await store.close()
