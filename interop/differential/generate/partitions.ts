/** Who leads and replicates partitions, as far as a cluster of one node lets it be asked for. */
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
  electLeadersRequest,
  electLeadersResponse,
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
  unregisterBrokerRequest,
  unregisterBrokerResponse,
} from '@odradek/protocol'
import type { Step } from '../step.ts'
import { askAny, type Scope, somePartition, someTopic } from './scope.ts'

function someTimeout({ random }: Scope): number {
  return random.mostly(10_000, [0, -1], 0.95)
}

export function electLeaders(scope: Scope): Step[] {
  const { random } = scope
  const electionType = random.mostly(random.int(0, 1), [2, -1, 99], 0.85)
  const topics = Array.from({ length: random.mostly(1, [0, 2], 0.7) }, () => {
    const topic = someTopic(scope)
    const partitions = Array.from({ length: random.mostly(1, [0, 2], 0.7) }, () => somePartition(scope, topic))
    return { topic, partitions }
  })
  const topicPartitions = random.chance(0.15) ? null : topics
  const timeoutMs = someTimeout(scope)
  const api = { request: electLeadersRequest, response: electLeadersResponse }
  return [
    askAny(scope, api, version => () => ({ ...(version >= 1 ? { electionType } : {}), topicPartitions, timeoutMs })),
  ]
}

export function alterPartitionReassignments(scope: Scope): Step[] {
  const { random } = scope
  const topics = Array.from({ length: random.mostly(1, [0, 2], 0.8) }, () => {
    const name = someTopic(scope)
    const partitions = Array.from({ length: random.mostly(1, [0, 2], 0.8) }, () => ({
      partitionIndex: somePartition(scope, name),
      replicas: random.mostly<number[] | null>([1], [null, [], [2], [1, 2], [1, 1], [-1]], 0.4),
    }))
    return { name, partitions }
  })
  const allowReplicationFactorChange = random.chance(0.6)
  const timeoutMs = someTimeout(scope)
  const api = { request: alterPartitionReassignmentsRequest, response: alterPartitionReassignmentsResponse }
  return [
    askAny(scope, api, version => () => ({
      timeoutMs,
      topics,
      ...(version >= 1 ? { allowReplicationFactorChange } : {}),
    })),
  ]
}

export function listPartitionReassignments(scope: Scope): Step[] {
  const { random } = scope
  const name = someTopic(scope)
  const asked = [{ name, partitionIndexes: random.mostly([somePartition(scope, name)], [[], [0, 0, 7]], 0.8) }]
  const topics = random.mostly(asked, [null, []], 0.6)
  const timeoutMs = someTimeout(scope)
  const api = { request: listPartitionReassignmentsRequest, response: listPartitionReassignmentsResponse }
  return [askAny(scope, api, () => () => ({ timeoutMs, topics }))]
}

/** Never the one broker that there is. */
export function unregisterBroker(scope: Scope): Step[] {
  const brokerId = scope.random.pick([0, 2, 99, -1])
  const api = { request: unregisterBrokerRequest, response: unregisterBrokerResponse }
  return [askAny(scope, api, () => () => ({ brokerId }))]
}

export function describeUserScramCredentials(scope: Scope): Step[] {
  const { random } = scope
  const names = Array.from({ length: random.int(0, 3) }, () => ({ name: random.pick(['alice', 'bob', '', 'ä']) }))
  const users = random.mostly(names, [null], 0.8)
  const api = { request: describeUserScramCredentialsRequest, response: describeUserScramCredentialsResponse }
  return [askAny(scope, api, () => () => ({ users }))]
}
