/** Attacks by requests: damaged ones, unknown ones, ones that ask for very much. */
import { readdirSync, readFileSync } from 'node:fs'
import {
  deleteGroupsRequest,
  fetchRequest,
  joinGroupRequest,
  metadataRequest,
  offsetCommitRequest,
  requestHeader,
  Writer,
} from '@odradek/protocol'
import { rawRequest } from '../raw-request.ts'
import { damaged } from './damage.ts'
import { type Attack, bytesOf, pause, plainTopic, talk } from './target.ts'

interface GoldenRequest {
  readonly apiKey: number
  readonly version: number
  readonly headerVersion: number
  readonly body: Buffer
}

/** Kafka's own requests of all APIs and versions, with the values of a random generator. */
export const damagedRequests: Attack = async target => {
  const golden = readGolden()
  while (!target.signal.aborted) {
    const frames = Array.from({ length: 40 }, () => {
      const { apiKey, version, headerVersion, body } = golden[target.random.int(0, golden.length - 1)] ?? golden[0]
      const head = header({ apiKey, version, headerVersion })
      target.count('requests')
      return framed(
        target.random.chance(0.1)
          ? damaged(target.random, Buffer.concat([head, body]))
          : Buffer.concat([head, damaged(target.random, body)]),
      )
    })
    // Most are refused by a closed connection: then the rest of them never gets there.
    for (let at = 0; at < frames.length; at += 4) await talk(target, frames.slice(at, at + 4), 20)
  }
}

function readGolden(): readonly [GoldenRequest, ...GoldenRequest[]] {
  const folder = new URL('../../packages/protocol/golden/', import.meta.url)
  const found: GoldenRequest[] = []
  for (const file of readdirSync(folder).filter(name => name.endsWith('Request.jsonl'))) {
    for (const line of readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n')) {
      const { apiKey, version, headerVersion, bytes } = JSON.parse(line)
      found.push({ apiKey, version, headerVersion, body: Buffer.from(bytes, 'base64') })
    }
  }
  const [first, ...others] = found
  if (first === undefined) throw new Error('there are no golden vectors of requests')
  return [first, ...others]
}

export const unknownApis: Attack = async target => {
  const { random } = target
  while (!target.signal.aborted) {
    const frames = Array.from({ length: 20 }, () => {
      const apiKey = random.chance(0.5) ? random.int(0, 100) : random.int(-32_768, 32_767)
      const version = random.chance(0.5) ? random.int(0, 30) : random.int(-32_768, 32_767)
      return framed(
        Buffer.concat([
          header({ apiKey, version, headerVersion: random.int(1, 2) }),
          bytesOf(random, random.int(0, 50)),
        ]),
      )
    })
    await talk(target, frames, 20)
  }
}

/** Arrays that claim two thousand million elements, and arrays that really have very many. */
export const giantArrays: Attack = async target => {
  const claims = [0x7fffffff, 0x10000000, 1_000_000, -2, -0x80000000] as const
  const name = (index: number) => `absent-${index}`
  const many = [
    rawRequest(metadataRequest, 8, {
      topics: range(50_000, index => ({ name: name(index) })),
      allowAutoTopicCreation: false,
    }),
    rawRequest(fetchRequest, 11, {
      topics: range(5_000, index => ({
        topic: name(index),
        partitions: range(10, partition => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 })),
      })),
    }),
    rawRequest(deleteGroupsRequest, 1, { groupsNames: range(50_000, name) }),
    rawRequest(offsetCommitRequest, 7, {
      groupId: 'giant',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [
        {
          name: plainTopic,
          partitions: range(50_000, index => ({
            partitionIndex: index,
            committedOffset: 1,
            committedMetadata: 'm'.repeat(50),
          })),
        },
      ],
    }),
  ] as const
  while (!target.signal.aborted) {
    const count = Buffer.alloc(4)
    count.writeInt32BE(target.random.pick(claims))
    // Metadata and its list of topics; Fetch and its list behind four numbers; a tag section that claims very many tags.
    await talk(target, [framed(Buffer.concat([header({ apiKey: 3, version: 8, headerVersion: 1 }), count]))], 20)
    const fixed = Buffer.alloc(4 + 4 + 4 + 4 + 1 + 4 + 4)
    await talk(
      target,
      [framed(Buffer.concat([header({ apiKey: 1, version: 11, headerVersion: 1 }), fixed, count]))],
      20,
    )
    const tags = Buffer.from([255, 255, 255, 255, 15, 0, 255, 255, 255, 255, 15])
    await talk(target, [framed(Buffer.concat([header({ apiKey: 18, version: 3, headerVersion: 1 }), tags]))], 20)
    await talk(target, [target.random.pick(many)], 500)
    await pause(200)
  }
}

/** Members that come once and never again, with as much as they may bring. */
export const ghostMembers: Attack = async target => {
  const metadata = bytesOf(target.random, 2_000)
  while (!target.signal.aborted) {
    const joins = range(50, () =>
      rawRequest(joinGroupRequest, 3, {
        groupId: `ghosts-${target.random.int(0, 20)}`,
        sessionTimeoutMs: 6_000,
        rebalanceTimeoutMs: 6_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: range(4, index => ({ name: `p${index}`, metadata })),
      }),
    )
    await Promise.all(joins.map(join => talk(target, [join], 200)))
    await pause(200)
  }
}

function header(of: { apiKey: number; version: number; headerVersion: number }): Buffer {
  const writer = new Writer()
  requestHeader.encode(
    of.headerVersion,
    { requestApiKey: of.apiKey, requestApiVersion: of.version, correlationId: 1, clientId: 'hostile' },
    writer,
  )
  return writer.toBuffer()
}

function framed(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

function range<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index))
}
