/** A seed becomes a sequence: some topics, then a theme with a few strays from the others. */
import { Random } from '../random.ts'
import type { Step } from '../step.ts'
import {
  alterConfigs,
  createPartitions,
  createTopic,
  createTopics,
  deleteTopics,
  incrementalAlterConfigs,
  updateFeatures,
} from './admin.ts'
import {
  apiVersions,
  describeClientQuotas,
  describeCluster,
  describeConfigs,
  describeLogDirs,
  describeQuorum,
  describeTopicPartitions,
  listConfigResources,
  metadata,
  unknownVersion,
} from './describe.ts'
import { deleteGroups, describeGroups, groupLife, listGroups } from './group.ts'
import {
  deleteRecords,
  describeProducers,
  fetch,
  initProducerId,
  listOffsets,
  offsetForLeaderEpoch,
  produce,
} from './log.ts'
import { findCoordinator, offsetCommit, offsetDelete, offsetFetch } from './offsets.ts'
import {
  alterPartitionReassignments,
  describeUserScramCredentials,
  electLeaders,
  listPartitionReassignments,
  unregisterBroker,
} from './partitions.ts'
import type { Generator, Scope } from './scope.ts'

type Theme = readonly [Generator, ...Generator[]]

// A generator stands as often as it shall be drawn.
const log: Theme = [
  produce,
  produce,
  produce,
  produce,
  fetch,
  fetch,
  fetch,
  listOffsets,
  listOffsets,
  initProducerId,
  offsetForLeaderEpoch,
  deleteRecords,
  describeProducers,
]
const offsets: Theme = [
  offsetCommit,
  offsetCommit,
  offsetFetch,
  offsetFetch,
  offsetDelete,
  findCoordinator,
  deleteGroups,
]
const group: Theme = [groupLife, offsetCommit, offsetFetch, describeGroups, listGroups]
const admin: Theme = [
  createTopics,
  createTopics,
  deleteTopics,
  createPartitions,
  alterConfigs,
  incrementalAlterConfigs,
  incrementalAlterConfigs,
  describeConfigs,
  metadata,
  updateFeatures,
  electLeaders,
  alterPartitionReassignments,
  alterPartitionReassignments,
  unregisterBroker,
]
const describe: Theme = [
  apiVersions,
  metadata,
  metadata,
  describeTopicPartitions,
  describeCluster,
  describeConfigs,
  listConfigResources,
  describeLogDirs,
  describeQuorum,
  describeClientQuotas,
  describeUserScramCredentials,
  listPartitionReassignments,
  unknownVersion,
]
const themes: readonly [Theme, ...Theme[]] = [log, log, log, group, group, offsets, admin, describe]

/**
 * The steps of a seed. The prefix takes part in names only, so that one seed can be played again on the same brokers.
 */
export function generateSequence(seed: number, prefix: string): Step[] {
  const random = new Random(seed)
  const scope: Scope = { random, prefix, topics: [], sequences: new Map() }
  const theme = random.pick(themes)
  const steps = createTopic(scope, 'a')
  if (random.chance(0.3)) steps.push(...createTopic(scope, 'b'))
  if (theme === group) steps.push(...groupLife(scope))
  if (theme === log) steps.push(...initProducerId(scope), ...produce(scope), ...produce(scope))
  for (let count = random.int(4, 12); count > 0; count--) {
    const from = random.chance(0.85) ? theme : random.pick(themes)
    // The life of a group is a sequence in itself.
    const generator = random.pick(from)
    steps.push(...(generator === groupLife ? describeGroups(scope) : generator(scope)))
  }
  return steps
}
