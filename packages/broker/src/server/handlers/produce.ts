/**
 * Produce, versions 3 to 13. ACL checks (with security): WRITE on each topic, WRITE on the transactional id.
 *
 * Left out: transactions (a transactional batch is refused), quotas.
 */

import type { Clock } from '@odradek/platform'
import {
  batchBytes,
  batchCompression,
  batchHeaderBytes,
  batchIsTransactional,
  batchMagic,
  batchMagicV2,
  batchPrefixBytes,
  errorCodes,
  errorName,
  type MessageInput,
  type ProduceRequest,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'
import { isInternalTopic } from '../../core/cluster/cluster-image.ts'
import type { AppendResult } from '../../log/partition-log.ts'
import type { AppendedBy, Partition } from '../../replication/partition.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler, ConnectionError, inTurns, type RequestContext } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'

export interface ProduceDependencies {
  readonly partitions: PartitionRegistry
  readonly nodeEndpoints: NodeEndpoints
  readonly clock: Clock
}

type Answer = MessageInput<typeof produceResponse>
type TopicAnswer = NonNullable<Answer['responses']>[number]
type PartitionAnswer = NonNullable<TopicAnswer['partitionResponses']>[number]
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Kafka's own administrative client, which alone may write to internal topics. */
const adminClientId = '__admin_client'

/** A Produce request at work. */
interface Production {
  readonly request: ProduceRequest
  readonly context: RequestContext
  readonly partitions: PartitionRegistry
  readonly responses: TopicAnswer[]
  /** What the log answers later. */
  readonly pending: PendingAnswer[]
}

interface PendingAnswer {
  readonly answer: Mutable<PartitionAnswer>
  readonly appended: Promise<AppendResult>
  /** For other replicas, not only for this broker's disk. */
  readonly waitsForOthers: boolean
}

export function produceHandler({
  partitions,
  nodeEndpoints,
  clock,
}: ProduceDependencies): ApiHandler<ProduceRequest, Answer> {
  return apiHandler(produceRequest, produceResponse, (request, context) => {
    const responses: TopicAnswer[] = []
    const pending: PendingAnswer[] = []
    const finish = (): Answer | undefined => {
      if (!responses.some(mayStillBeWritten)) context.releaseRequest()
      if (request.acks === 0) return finishWithoutAnswer(responses, context)
      if (context.apiVersion < 10) return { responses }
      return addLeaders(responses, { partitions, nodeEndpoints, context })
    }
    // A small batch can take half a second to be looked at, when it is compressed: other clients do not wait for all of them.
    const rest = inTurns(appendEach({ request, context, partitions, responses, pending }), context)
    if (rest !== null) return rest.then(() => settle(pending, request.timeoutMs, clock)).then(finish)
    return pending.length === 0 ? finish() : settle(pending, request.timeoutMs, clock).then(finish)
  })
}

/**
 * Appends batch by batch. Not a closure of the handler: each generator function has a prototype of its own, and one that is
 * made anew for every request costs a hidden class a request, which outlives all collections of the young.
 */
function* appendEach({ request, context, partitions, responses, pending }: Production): Generator<void> {
  const refusal = refuseWhole(request)
  const by: AppendedBy = request.acks === -1 ? 'client, acks=all' : 'client, acks=1'
  for (const { name, topicId, partitionData } of request.topicData) {
    const topic = context.apiVersion >= 13 ? partitions.topicName(topicId) : name
    const partitionResponses: PartitionAnswer[] = []
    responses.push({ name, topicId, partitionResponses })
    for (const { index, records } of partitionData) {
      const answer: Mutable<PartitionAnswer> = { index }
      partitionResponses.push(answer)
      const problem = refusal ?? refuse({ topic, index, records, partitions, request, context })
      const partition = partitions.get(topic ?? '', index)
      if (problem !== null || partition === undefined || records === null) {
        refusePartition(answer, problem ?? { errorCode: partitions.problem(topic ?? '', index) })
        continue
      }
      // What is not a whole batch any more at the end is dropped, as Kafka drops it.
      const bytes = batchBytes(records, 0)
      const appended = partition.append(bytes === records.length ? records : records.subarray(0, bytes), by)
      if (appended instanceof Promise) pending.push({ answer, appended, waitsForOthers: partition.replicas.length > 1 })
      else conclude(answer, appended)
      yield
    }
  }
}

/** Waits until the log has answered; for other replicas no longer than the client does. */
function settle(pending: readonly PendingAnswer[], timeoutMs: number, clock: Clock): Promise<unknown> {
  const answered = Promise.all(pending.map(({ answer, appended }) => appended.then(result => conclude(answer, result))))
  return pending.some(({ waitsForOthers }) => waitsForOthers) ? inTime(pending, answered, timeoutMs, clock) : answered
}

/** What others have not confirmed by then may be committed later, or not. */
async function inTime(
  pending: readonly PendingAnswer[],
  answered: Promise<unknown>,
  timeoutMs: number,
  clock: Clock,
): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>()
  const timer = clock.after(Math.max(0, timeoutMs), resolve)
  await Promise.race([answered, timeout])
  timer.cancel()
  for (const { answer } of pending) {
    if (answer.errorCode === undefined) refusePartition(answer, { errorCode: errorCodes.REQUEST_TIMED_OUT })
  }
}

/** Then a write may still be under way, from the request's own bytes. */
function mayStillBeWritten({ partitionResponses = [] }: TopicAnswer): boolean {
  return partitionResponses.some(
    ({ errorCode }) => errorCode === errorCodes.KAFKA_STORAGE_ERROR || errorCode === errorCodes.REQUEST_TIMED_OUT,
  )
}

interface Refusal {
  readonly errorCode: number
  readonly errorMessage?: string
}

/** What is wrong with the request as a whole: then all its partitions get that answer. */
function refuseWhole(request: ProduceRequest): Refusal | null {
  for (const { partitionData } of request.topicData) {
    for (const { records } of partitionData) {
      if (records === null) continue
      const corruption = findCorruption(records, 0)
      if (corruption !== null) return { errorCode: errorCodes.CORRUPT_MESSAGE, errorMessage: corruption }
      if (isWhole(records, 0) && batchIsTransactional(records, 0) && request.transactionalId === null) {
        return { errorCode: errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
      }
    }
  }
  return null
}

/** Kafka's checks of one partition, in its order, up to the log's own. */
function refuse(asked: {
  topic: string | undefined
  index: number
  records: Buffer | null
  partitions: PartitionRegistry
  request: ProduceRequest
  context: RequestContext
}): Refusal | null {
  const { topic, index, records, partitions, request, context } = asked
  if (topic === undefined) return { errorCode: errorCodes.UNKNOWN_TOPIC_ID }
  const partition = partitions.get(topic, index)
  if (partition === undefined && !partitions.has(topic, index)) {
    return { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }
  }
  const problem = refuseRecords(context.apiVersion, records)
  if (problem !== errorCodes.NONE) return { errorCode: problem }
  if (request.acks < -1 || request.acks > 1) return { errorCode: errorCodes.INVALID_REQUIRED_ACKS }
  if (isInternalTopic(topic) && context.clientId !== adminClientId) {
    return { errorCode: errorCodes.INVALID_TOPIC_EXCEPTION }
  }
  if (partition === undefined || records === null) return { errorCode: partitions.problem(topic, index) }
  if (!partition.takesAppends(records)) return { errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER }
  if (batchIsTransactional(records, 0)) {
    return {
      errorCode: errorCodes.INVALID_TXN_STATE,
      errorMessage:
        'Transactions are not supported by this broker yet; use an idempotent producer without a transactional.id.',
    }
  }
  return null
}

/** Since version 3: exactly one batch, of magic 2. */
function refuseRecords(apiVersion: number, records: Buffer | null): number {
  if (records === null || !isWhole(records, 0)) return errorCodes.INVALID_RECORD
  if (batchMagic(records, 0) !== batchMagicV2) return errorCodes.INVALID_RECORD
  // A consumer older than version 10 of Fetch could not read it; a producer that knows zstd speaks version 7.
  if (apiVersion < 7 && batchCompression(records, 0) === 'zstd') return errorCodes.UNSUPPORTED_COMPRESSION_TYPE
  const next = batchBytes(records, 0)
  if (next === records.length) return errorCodes.NONE
  if (findCorruption(records, next) !== null) return errorCodes.CORRUPT_MESSAGE
  return isWhole(records, next) ? errorCodes.INVALID_RECORD : errorCodes.NONE
}

const magicAt = 16
/** The overhead of the oldest format: nothing shorter has ever been a batch. */
const recordOverheadV0 = 14

/** Whether so many bytes are there as the batch says that it has, and enough for a header. */
function isWhole(records: Buffer, at: number): boolean {
  const left = records.length - at
  if (left <= magicAt) return false
  const bytes = batchBytes(records, at)
  return left >= bytes && (batchMagic(records, at) !== batchMagicV2 || bytes >= batchHeaderBytes)
}

/** A prefix that no batch begins with; null where there is none, or too little to tell. */
function findCorruption(records: Buffer, at: number): string | null {
  if (records.length - at < batchPrefixBytes) return null
  const size = batchBytes(records, at) - batchPrefixBytes
  if (size < recordOverheadV0) return `A record batch claims ${size} bytes, which is less than its smallest header.`
  if (records.length - at <= magicAt) return null
  const magic = batchMagic(records, at)
  return magic < 0 || magic > batchMagicV2 ? `A record batch has the unknown magic ${magic}.` : null
}

function refusePartition(answer: Mutable<PartitionAnswer>, { errorCode, errorMessage }: Refusal): void {
  answer.errorCode = errorCode
  answer.baseOffset = -1
  if (errorMessage !== undefined) answer.errorMessage = errorMessage
}

function conclude(answer: Mutable<PartitionAnswer>, result: AppendResult): void {
  // Its time was over.
  if (answer.errorCode !== undefined) return
  answer.errorCode = result.errorCode
  answer.baseOffset = result.baseOffset
  answer.logAppendTimeMs = result.logAppendTimeMs
  answer.logStartOffset = result.logStartOffset
  if (result.errorCode === errorCodes.NONE) return
  answer.errorMessage = result.errorMessage
  answer.recordErrors = result.recordErrors
}

/** Who asked for no answer learns of an error only by the end of the connection, and then looks at the metadata again. */
function finishWithoutAnswer(responses: readonly TopicAnswer[], { clientId }: RequestContext): undefined {
  const failures = responses.flatMap(({ name, partitionResponses = [] }) =>
    partitionResponses
      .filter(({ errorCode }) => errorCode !== undefined && errorCode !== errorCodes.NONE)
      .map(({ index, errorCode }) => `${name}-${index}: ${errorName(errorCode ?? 0)}`),
  )
  if (failures.length === 0) return undefined
  throw new ConnectionError(`a produce request of client ${clientId} with acks=0 failed: ${failures.join(', ')}`)
}

/** KIP-951: a client that was wrong about the leader gets the right one with the error. */
function addLeaders(
  responses: TopicAnswer[],
  { partitions, nodeEndpoints, context }: Omit<ProduceDependencies, 'clock'> & { context: RequestContext },
): Answer {
  const leaders = new Set<number>()
  for (const { name, topicId, partitionResponses = [] } of responses) {
    for (const answer of partitionResponses as Mutable<PartitionAnswer>[]) {
      if (answer.errorCode !== errorCodes.NOT_LEADER_OR_FOLLOWER) continue
      const topic = context.apiVersion >= 13 ? partitions.topicName(topicId ?? '') : name
      const partition: Partition | undefined = partitions.get(topic ?? '', answer.index ?? -1)
      if (partition === undefined) continue
      answer.currentLeader = { leaderId: partition.leaderId, leaderEpoch: partition.leaderEpoch }
      leaders.add(partition.leaderId)
    }
  }
  return leaders.size === 0 ? { responses } : { responses, nodeEndpoints: nodeEndpoints(leaders, context) }
}
