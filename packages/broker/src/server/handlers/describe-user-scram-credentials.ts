/**
 * DescribeUserScramCredentials, version 0 (KIP-554). Without SASL no user has any credentials, so none is ever found. ACL
 * checks (with security): DESCRIBE on the cluster.
 */
import {
  type DescribeUserScramCredentialsRequest,
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
  type MessageInput,
} from '@odradek/protocol'
import { refusal } from '../../core/cluster/decision.ts'
import { inJavaMapOrder } from '../../core/config/java-map-order.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof describeUserScramCredentialsResponse>

export function describeUserScramCredentialsHandler(): ApiHandler<DescribeUserScramCredentialsRequest, Answer> {
  return apiHandler(describeUserScramCredentialsRequest, describeUserScramCredentialsResponse, ({ users }) => {
    const byName = Map.groupBy(users ?? [], ({ name }) => name)
    return {
      results: inJavaMapOrder([...byName.keys()]).map(user => ({
        user,
        ...((byName.get(user)?.length ?? 0) > 1
          ? refusal(
              'DUPLICATE_RESOURCE',
              `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
            )
          : refusal('RESOURCE_NOT_FOUND', `Attempt to describe a user credential that does not exist: ${user}`)),
        credentialInfos: [],
      })),
    }
  })
}
