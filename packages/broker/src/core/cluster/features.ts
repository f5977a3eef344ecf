import type { UpdateFeaturesRequest } from '@odradek/protocol'
import type { ClusterChange } from './cluster-change.ts'
import type { ClusterImage } from './cluster-image.ts'
import { type Decision, type Outcome, refusal, success } from './decision.ts'

export type FeatureUpdate = Pick<
  UpdateFeaturesRequest['featureUpdates'][number],
  'feature' | 'maxVersionLevel' | 'upgradeType'
>

/**
 * The feature levels that this version works at. A feature is missing here while what it stands for is (transactions,
 * the newer groups): clients take a level for a promise.
 */
export const supportedFeatures: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map([
  // What Kafka 4.3 calls its newest metadata; clients tell the age of a cluster by it.
  ['metadata.version', { min: 30, max: 30 }],
  ['eligible.leader.replicas.version', { min: 0, max: 1 }],
])

/** Levels that a cluster is born with. */
export const newClusterFeatures: readonly (readonly [name: string, level: number])[] = [
  ['metadata.version', 30],
  ['eligible.leader.replicas.version', 1],
]

/** Codes of FeatureUpdate.UpgradeType. */
const upgradeTypes = { unknown: 0, upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

/** All updates or none. */
export function decideUpdateFeatures(
  image: ClusterImage,
  { updates, validateOnly }: { readonly updates: readonly FeatureUpdate[]; readonly validateOnly: boolean },
): Decision<{ outcome: Outcome; byFeature: { feature: string; outcome: Outcome }[] }> {
  const changes: ClusterChange[] = []
  for (const update of updates) {
    const problem = checkUpdate(image, update)
    if (problem !== null) {
      const what = `Invalid update version ${update.maxVersionLevel} for feature ${update.feature}. ${problem}`
      const message = `The update failed for all features since the following feature had an error: ${what}`
      return { changes: [], answer: { outcome: refusal('INVALID_UPDATE_VERSION', message), byFeature: [] } }
    }
    const { feature: name, maxVersionLevel: level } = update
    if (image.features.get(name) !== level) {
      changes.push({ kind: 'feature', name, value: level === 0 ? null : { level } })
    }
  }
  const byFeature = updates.map(({ feature }) => ({ feature, outcome: success }))
  return { changes: validateOnly ? [] : changes, answer: { outcome: success, byFeature } }
}

function checkUpdate(
  image: ClusterImage,
  { feature, maxVersionLevel: level, upgradeType }: FeatureUpdate,
): string | null {
  const present = image.features.get(feature) ?? 0
  const supported = supportedFeatures.get(feature)
  if (!Object.values<number>(upgradeTypes).includes(upgradeType) || upgradeType === upgradeTypes.unknown) {
    return 'The controller does not support the given upgrade type.'
  }
  if (level < 0) return 'A feature version cannot be less than 0.'
  if (supported === undefined) {
    if (level === 0) return `Feature ${feature} not found.`
    return `Local controller ${image.controllerId} does not support this feature.`
  }
  if (level < supported.min || level > supported.max) {
    return `Local controller ${image.controllerId} only supports versions ${supported.min}-${supported.max}`
  }
  if (level < present && upgradeType === upgradeTypes.upgrade) {
    return "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
  }
  if (level > present && upgradeType !== upgradeTypes.upgrade) return "Can't downgrade to a newer version."
  return null
}
