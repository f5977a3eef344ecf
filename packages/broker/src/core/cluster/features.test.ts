import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideUpdateFeatures, type FeatureUpdate, newClusterFeatures, supportedFeatures } from './features.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'

const cluster = clusterOf(
  [{ id: 1 }],
  newClusterFeatures.map(([name, level]) => ({ kind: 'feature', name, value: { level } })),
)
const elr = 'eligible.leader.replicas.version'

function update(feature: string, maxVersionLevel: number, upgradeType = 1): FeatureUpdate {
  return { feature, maxVersionLevel, upgradeType }
}

function decide(...updates: readonly FeatureUpdate[]) {
  const { changes, answer } = decideUpdateFeatures(cluster, { updates, validateOnly: false })
  const problem = answer.outcome.errorMessage?.replace(/^.*had an error: /, '') ?? null
  return { problem, features: withChanges(cluster, changes).features }
}

test('a cluster is born with levels that this version works at', () => {
  for (const [name, level] of newClusterFeatures) {
    const range = supportedFeatures.get(name)
    assert.ok(range !== undefined && level >= range.min && level <= range.max, name)
  }
})

test('a level goes down only when that is meant, and up again', () => {
  assert.match(
    decide(update(elr, 0)).problem ?? '',
    /without setting the upgrade type to either safe or unsafe downgrade/,
  )
  assert.equal(decide(update(elr, 0, 2)).features.has(elr), false)
  assert.equal(decide(update(elr, 1)).problem, null)
})

test('what is unknown or out of range is refused, and with it all the rest', () => {
  const { problem, features } = decide(update(elr, 0, 2), update('nope', 1))
  assert.equal(problem, 'Invalid update version 1 for feature nope. Local controller 1 does not support this feature.')
  assert.equal(features.get(elr), 1)
  assert.equal(
    decide(update(elr, 7)).problem,
    `Invalid update version 7 for feature ${elr}. Local controller 1 only supports versions 0-1`,
  )
  assert.match(decide(update(elr, 1, 9)).problem ?? '', /does not support the given upgrade type/)
})
