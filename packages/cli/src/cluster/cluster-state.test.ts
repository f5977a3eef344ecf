import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterClient } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { describeClusterRequest } from '@odradek/protocol'
import { readClusterState } from './cluster-state.ts'

/** Partition t-0 goes from broker 1 to broker 2, and does so still, or already, in some of three looks at it. */
class MovingCluster extends ClusterClient {
  readonly #looks: boolean[]

  constructor(looks: readonly [listed: boolean, described: boolean, listedAgain: boolean]) {
    super({ platform: createNodePlatform(), bootstrap: 'nobody' })
    this.#looks = [...looks]
  }

  override send: ClusterClient['send'] = async (_to, { key }) => {
    if (key === describeClusterRequest.key)
      return { errorCode: 0, clusterId: 'c', controllerId: 1, brokers: [] } as never
    const move = { partitionIndex: 0, replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] }
    return { errorCode: 0, topics: this.#looks.shift() ? [{ name: 't', partitions: [move] }] : [] } as never
  }

  override async metadata() {
    const replicaNodes = this.#looks.shift() ? [2, 1] : [2]
    const partition = { partitionIndex: 0, leaderId: 2, leaderEpoch: 1, replicaNodes, isrNodes: [2] }
    return { topics: [{ errorCode: 0, name: 't', topicId: '', isInternal: false, partitions: [partition] }] } as never
  }
}

test('a move that begins or ends while one looks is one all the same', async () => {
  const looks = [
    [true, true, true],
    [true, true, false],
    [true, false, false],
    [false, true, true],
    [false, false, false],
  ] as const
  for (const each of looks) {
    const { partitions } = await readClusterState(new MovingCluster(each))
    assert.deepEqual(partitions[0]?.target, [2], each.join())
  }
})
