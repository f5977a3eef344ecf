import { array, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Lists the transactions that this broker coordinates (KIP-664).
 * v1: only long ones (KIP-994). v2: by pattern (KIP-1152).
 */
export const listTransactionsRequest = request(
  { key: 66, versions: [0, 2], flexible: 0 },
  {
    stateFilters: array(string()),
    producerIdFilters: array(int64()),
    durationFilter: int64().since(1).default(-1),
    transactionalIdPattern: string().nullable().since(2),
  },
)
export interface ListTransactionsRequest extends Message<typeof listTransactionsRequest> {}

/** Transactional ids with their states. */
export const listTransactionsResponse = response(
  { key: 66, versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    unknownStateFilters: array(string()),
    transactionStates: array(
      struct({
        transactionalId: string(),
        producerId: int64(),
        transactionState: string(),
      }),
    ),
  },
)
export interface ListTransactionsResponse extends Message<typeof listTransactionsResponse> {}
