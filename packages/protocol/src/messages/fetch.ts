import { array, int8, int16, int32, int64, int64Max, records, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Reads record batches: consumers, followers and mirrors alike.
 * v7: sessions, which send only what changed (KIP-227). v9: leader epoch, to fence (KIP-320). v11: reading from a near
 * replica (KIP-392). v12: divergence by epoch (KIP-595). v13: topic ids (KIP-516). v15: replica state with broker
 * epoch (KIP-903). v16: addresses of new leaders (KIP-951). v17: directory ids (KIP-853). v18: high watermark
 * (KIP-1166).
 */
export const fetchRequest = request(
  { key: 1, versions: [4, 18], flexible: 12 },
  {
    clusterId: string().nullable().since(12).tagged(0).ignorable(),
    replicaId: int32().until(14).default(-1),
    replicaState: struct({
      replicaId: int32().default(-1),
      replicaEpoch: int64().default(-1),
    })
      .since(15)
      .tagged(1),
    /** How long to wait until there are `minBytes`. */
    maxWaitMs: int32(),
    minBytes: int32(),
    /** Of the whole answer. The first batch is sent even when it is larger. */
    maxBytes: int32().default(2147483647).ignorable(),
    /** 0: all records. 1: only those of transactions that are committed. */
    isolationLevel: int8().ignorable(),
    /** 0: no session yet. */
    sessionId: int32().since(7).ignorable(),
    /** -1: outside of sessions, or the end of one. 0: opens one. Above: the next request of it. */
    sessionEpoch: int32().since(7).default(-1).ignorable(),
    topics: array(
      struct({
        topic: string().until(12).ignorable(),
        topicId: uuid().since(13).ignorable(),
        partitions: array(
          struct({
            partition: int32(),
            /** The leader epoch as the reader knows it, -1 when it does not. */
            currentLeaderEpoch: int32().since(9).default(-1).ignorable(),
            fetchOffset: int64(),
            /** Leader epoch of the last record that a follower has, -1 of a consumer. */
            lastFetchedEpoch: int32().since(12).default(-1),
            /** Of a follower's own log; -1 from consumers. */
            logStartOffset: int64().since(5).default(-1).ignorable(),
            /** As `maxBytes`, of one partition. */
            partitionMaxBytes: int32(),
            replicaDirectoryId: uuid().since(17).tagged(0).ignorable(),
            highWatermark: int64().since(18).tagged(1).default(int64Max).ignorable(),
          }),
        ),
      }),
    ),
    /** Partitions that the session shall drop. */
    forgottenTopicsData: array(
      struct({
        topic: string().until(12).ignorable(),
        topicId: uuid().since(13).ignorable(),
        partitions: array(int32()),
      }),
    ).since(7),
    /** Where the consumer is, to read from a near replica. */
    rackId: string().since(11).ignorable(),
  },
)
export interface FetchRequest extends Message<typeof fetchRequest> {}

/** Record batches by partition, as they lie in the log; the last one of a partition may be cut. */
export const fetchResponse = response(
  { key: 1, versions: [4, 18], flexible: 12 },
  {
    throttleTimeMs: int32().ignorable(),
    errorCode: int16().since(7).ignorable(),
    /** 0: the broker keeps no session. */
    sessionId: int32().since(7),
    responses: array(
      struct({
        topic: string().until(12).ignorable(),
        topicId: uuid().since(13).ignorable(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            highWatermark: int64(),
            /** All transactions below it are decided. */
            lastStableOffset: int64().default(-1).ignorable(),
            logStartOffset: int64().since(5).default(-1).ignorable(),
            /** Where the log of the reader and the leader's part: the greatest common epoch and its end. */
            divergingEpoch: struct({
              epoch: int32().default(-1),
              endOffset: int64().default(-1),
            })
              .since(12)
              .tagged(0),
            currentLeader: struct({
              leaderId: int32().default(-1),
              leaderEpoch: int32().default(-1),
            })
              .since(12)
              .tagged(1),
            snapshotId: struct({
              endOffset: int64().default(-1),
              epoch: int32().default(-1),
            })
              .since(12)
              .tagged(2),
            /** With isolation level 1: aborted transactions among the records. Null otherwise. */
            abortedTransactions: array(
              struct({
                producerId: int64(),
                firstOffset: int64(),
              }),
            )
              .nullable()
              .default([])
              .ignorable(),
            /** A replica that the consumer had better read from, -1 for none. */
            preferredReadReplica: int32().since(11).default(-1),
            records: records().nullable(),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable(),
      }),
    )
      .since(16)
      .tagged(0),
  },
)
export interface FetchResponse extends Message<typeof fetchResponse> {}
