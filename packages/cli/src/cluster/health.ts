import { type ClusterState, type PartitionInCluster, placeName } from './cluster-state.ts'

export interface Problem {
  readonly kind:
    | 'no-controller'
    | 'broker-down'
    | 'broker-gone'
    | 'log-directory'
    | 'offline'
    | 'below-minimum'
    | 'under-replicated'
  /** One sentence for a person. */
  readonly text: string
  /** Of the partitions concerned, TOPIC-N. */
  readonly partitions?: readonly string[]
}

export interface HealthInput {
  readonly state: ClusterState
  /** min.insync.replicas by topic. */
  readonly minInSync: ReadonlyMap<string, number>
  /** Log directories that a broker reports to be broken. */
  readonly brokenLogDirs: readonly { readonly brokerId: number; readonly path: string }[]
}

/** What is wrong with a cluster, the worst first; nothing where it is healthy. */
export function findProblems({ state, minInSync, brokenLogDirs }: HealthInput): Problem[] {
  const problems: Problem[] = []
  const tell = (kind: Problem['kind'], concerned: readonly PartitionInCluster[], text: (what: string) => string) => {
    if (concerned.length === 0) return
    problems.push({ kind, text: text(counted(concerned.length)), partitions: concerned.map(placeName) })
  }
  if (state.controllerId < 0) {
    const text =
      'The metadata store does not answer, or no broker has become the controller yet: nobody is elected, nothing can be created or moved.'
    problems.push({ kind: 'no-controller', text })
  }
  const offline = state.partitions.filter(({ leader }) => leader < 0)
  tell('offline', offline, what => `${what} no leader: no copy that has all records is there.`)
  const led = state.partitions.filter(({ leader }) => leader >= 0)
  const isBelow = ({ topic, isr, target }: PartitionInCluster) =>
    isr.length < Math.min(minInSync.get(topic) ?? 1, target.length)
  tell('below-minimum', led.filter(isBelow), what => `${what} too few copies in sync: acks=all is refused.`)
  const isBehind = (partition: PartitionInCluster) => !isBelow(partition) && lacksCopies(partition)
  tell('under-replicated', led.filter(isBehind), what => `${what} copies that are not in sync.`)
  for (const { brokerId } of state.down) problems.push({ kind: 'broker-down', text: `Broker ${brokerId} is down.` })
  for (const brokerId of goneBrokers(state)) {
    problems.push({ kind: 'broker-gone', text: `Broker ${brokerId} has replicas and is not of this cluster any more.` })
  }
  for (const { brokerId, path } of brokenLogDirs) {
    problems.push({ kind: 'log-directory', text: `Broker ${brokerId} cannot use its log directory ${path}.` })
  }
  return problems
}

/** Newcomers of a move are on their way, and no sign of trouble. */
export function lacksCopies({ isr, target, replicas }: PartitionInCluster): boolean {
  return replicas.some(id => target.includes(id) && !isr.includes(id)) && isr.length < target.length
}

/** In replicas, and unknown to the cluster. */
export function goneBrokers({ brokers, down, partitions }: ClusterState): number[] {
  const known = new Set([...brokers, ...down].map(({ brokerId }) => brokerId))
  const gone = new Set(partitions.flatMap(({ replicas }) => replicas).filter(id => !known.has(id)))
  return [...gone].sort((a, b) => a - b)
}

function counted(count: number): string {
  return count === 1 ? '1 partition has' : `${count} partitions have`
}
