/**
 * UnregisterBroker, version 0: forgets a broker that is gone for good (KIP-631). ACL checks (with security): ALTER on the
 * cluster. A broker that runs is refused, see core/cluster/unregister-broker.ts.
 */
import {
  type MessageInput,
  type UnregisterBrokerRequest,
  unregisterBrokerRequest,
  unregisterBrokerResponse,
} from '@odradek/protocol'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { unlessStoreFails } from './unless-store-fails.ts'

type Answer = MessageInput<typeof unregisterBrokerResponse>

export function unregisterBrokerHandler({
  controller,
}: {
  controller: Pick<Controller, 'unregisterBroker'>
}): ApiHandler<UnregisterBrokerRequest, Answer> {
  return apiHandler(unregisterBrokerRequest, unregisterBrokerResponse, ({ brokerId }) =>
    unlessStoreFails(controller.unregisterBroker(brokerId), outcome => outcome),
  )
}
