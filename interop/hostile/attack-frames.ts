/** Attacks below the requests: frames that are none, connections that do not end. */
import { apiVersionsRequest, fetchRequest, metadataRequest } from '@odradek/protocol'
import { rawRequest } from '../raw-request.ts'
import { type Attack, bytesOf, open, partitionCount, pause, plainTopic, talk } from './target.ts'

const question = rawRequest(apiVersionsRequest, 0, {})
const allTopics = rawRequest(metadataRequest, 1, { topics: null })

export const randomBytes: Attack = async target => {
  while (!target.signal.aborted) {
    const bytes = bytesOf(target.random, target.random.int(1, 20_000))
    // Half of them with a size that fits, so that somebody looks inside.
    if (bytes.length > 4 && target.random.chance(0.5)) bytes.writeInt32BE(bytes.length - 4)
    await talk(target, [bytes])
  }
}

/** Each holds its claim for a second; some bring a little of it. */
export const hugeClaims: Attack = async target => {
  const claims = [-1, -0x80000000, 0x7fffffff, 104_857_601, 104_857_600, 104_857_599, 50_000_000] as const
  while (!target.signal.aborted) {
    await Promise.all(
      Array.from({ length: 20 }, () => {
        const prefix = Buffer.alloc(4)
        prefix.writeInt32BE(target.random.pick(claims))
        return talk(target, [prefix, bytesOf(target.random, target.random.int(0, 3_000))], 1_000)
      }),
    )
  }
}

/** One at a time, or the bound would be this size times the connections, as Kafka's is. */
export const hugeFrames: Attack = async target => {
  const megabyte = bytesOf(target.random, 1_000_000)
  const size = 60
  while (!target.signal.aborted) {
    const head = Buffer.from(question)
    head.writeInt32BE(size * megabyte.length + question.length - 4)
    await talk(target, [head, ...Array.from({ length: size }, () => megabyte)], 500)
  }
}

/** A byte now and then, on very many connections. */
export const slowLoris: Attack = async target => {
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      while (!target.signal.aborted) {
        const socket = await open(target)
        if (socket === null) continue
        for (let at = 0; !socket.destroyed && !target.signal.aborted; at = (at + 1) % allTopics.length) {
          socket.write(allTopics.subarray(at, at + 1))
          await pause(target.random.int(100, 400))
        }
        socket.destroy()
      }
    }),
  )
}

export const halfFrames: Attack = async target => {
  while (!target.signal.aborted) {
    const socket = await open(target)
    if (socket === null) continue
    socket.write(question)
    socket.write(question.subarray(0, target.random.int(1, question.length - 1)))
    if (target.random.chance(0.5)) socket.end()
    else socket.resetAndDestroy()
    await pause(5)
    socket.destroy()
  }
}

export const manyConnections: Attack = async target => {
  while (!target.signal.aborted) {
    const sockets = await Promise.all(Array.from({ length: 300 }, () => open(target)))
    await pause(300)
    for (const socket of sockets) socket?.destroy()
    await pause(500)
  }
}

/** Requests as many as the sockets take, and not one answer read. */
export const floodWithoutReading: Attack = async target => {
  const floods = [
    question,
    allTopics,
    rawRequest(fetchRequest, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 50_000_000,
      topics: [
        {
          topic: plainTopic,
          partitions: Array.from({ length: partitionCount }, (_, partition) => ({
            partition,
            fetchOffset: 0,
            partitionMaxBytes: 50_000_000,
          })),
        },
      ],
    }),
  ] as const
  while (!target.signal.aborted) {
    const sockets = (await Promise.all(Array.from({ length: 10 }, () => open(target)))).filter(
      socket => socket !== null,
    )
    for (const socket of sockets) {
      socket.pause()
      const request = target.random.pick(floods)
      const block = Buffer.concat(Array.from({ length: 1_000 }, () => request))
      // What is not taken stays on our side: node counts it, so that this program's own memory is bounded.
      for (let blocks = 0; blocks < 50 && socket.writableLength < 4_000_000; blocks++) {
        socket.write(block)
        target.count('bytes', block.length)
      }
    }
    await pause(2_000)
    for (const socket of sockets) socket.destroy()
  }
}

/** Fetches that would wait for weeks, and whose clients go away meanwhile. */
export const endlessFetches: Attack = async target => {
  const request = rawRequest(fetchRequest, 11, {
    maxWaitMs: 0x7fffffff,
    minBytes: 0x7fffffff,
    maxBytes: 0x7fffffff,
    sessionEpoch: 0,
    topics: [
      {
        topic: plainTopic,
        partitions: Array.from({ length: partitionCount }, (_, partition) => ({
          partition,
          fetchOffset: 0,
          partitionMaxBytes: 0x7fffffff,
        })),
      },
    ],
  })
  while (!target.signal.aborted) {
    await Promise.all(Array.from({ length: 50 }, () => talk(target, [request], target.random.int(10, 1_000))))
  }
}
