/** What clients send that are then left alone. */
import { apiVersionsRequest, fetchRequest, joinGroupRequest, metadataRequest } from '@odradek/protocol'
import { rawRequest } from '../raw-request.ts'

export const apiVersions = rawRequest(apiVersionsRequest, 0, {})

/** Claims a thousand bytes and brings four. */
export const halfRequest = Buffer.from([0, 0, 3, 232, 0, 18, 0, 0])

/** Makes a topic, and waits a minute for its first record. */
export const longFetch = Buffer.concat([
  rawRequest(metadataRequest, 8, { topics: [{ name: 'quiet' }], allowAutoTopicCreation: true }),
  rawRequest(fetchRequest, 11, {
    maxWaitMs: 60_000,
    minBytes: 1,
    maxBytes: 1_000_000,
    topics: [{ topic: 'quiet', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
  }),
])

/** Joins a group and goes no further: its other members wait for it. */
export const joinGroup = rawRequest(joinGroupRequest, 3, {
  groupId: 'stuck',
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 300_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
})
