import { bool, int16, int32, int64, string } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Gives a producer its id and epoch, fencing former users of its transactional id (KIP-98).
 * v3: a producer may ask for a new epoch (KIP-360). v6: two-phase commit (KIP-939).
 */
export const initProducerIdRequest = request(
  { key: 22, versions: [0, 5], unstable: 6, flexible: 2 },
  {
    /** Null: an idempotent producer without transactions. */
    transactionalId: string().nullable().default(''),
    transactionTimeoutMs: int32(),
    /** What the producer has, to go on with a new epoch; -1: it has none. */
    producerId: int64().since(3).default(-1),
    producerEpoch: int16().since(3).default(-1),
    enable2Pc: bool().since(6),
    keepPreparedTxn: bool().since(6),
  },
)
export interface InitProducerIdRequest extends Message<typeof initProducerIdRequest> {}

/** The producer's id and epoch. */
export const initProducerIdResponse = response(
  { key: 22, versions: [0, 5], unstable: 6, flexible: 2 },
  {
    throttleTimeMs: int32().ignorable(),
    errorCode: int16(),
    producerId: int64().default(-1),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64().since(6).default(-1),
    ongoingTxnProducerEpoch: int16().since(6).default(-1),
  },
)
export interface InitProducerIdResponse extends Message<typeof initProducerIdResponse> {}
