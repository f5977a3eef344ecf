/** What Kafka's tools may say differently on three brokers, each with the reason. */
import { type AllowedDifference, notServed, withoutLines } from './expected-differences.ts'

export const allowedClusterDifferences: readonly AllowedDifference[] = [
  // By chance, on Kafka too.
  {
    command: /^topics --describe .*--topic (placed|meanwhile|three-copies)/,
    reason: 'where the first replica of a topic goes is drawn, and the others follow from it',
    isByChance: true,
    rewrite: output => output.replace(/(?<=(Leader|Replicas|Isr): )[\d,]+/g, '<drawn>'),
  },
  {
    command: /^reassign-partitions .*--generate/,
    reason: 'the tool draws where the first replica goes',
    isByChance: true,
    rewrite: output => {
      const [before, proposed = ''] = output.split(/(?=Proposed)/)
      return `${before}${proposed.replace(/"replicas":\[[\d,]+\]/g, '"replicas":<drawn>')}`
    },
  },
  {
    command: /^consumer-groups --describe .*--state/,
    reason: 'who coordinates a group follows from where the internal topic has been placed',
    isByChance: true,
    rewrite: output => output.replace(/(\$bootstrap|127\.0\.0\.1:<port>) +\(\d\)/, '<coordinator>'),
  },

  // Another make.
  {
    command: /^sorted broker-api-versions/,
    reason: 'Odradek serves fewer APIs; those that it serves have to be there in all their versions',
    rewrite: withoutLines(new RegExp(`^\\t(${notServed().join('|')})\\(`)),
  },
  {
    command: /^metadata-quorum describe --status/,
    reason: 'the metadata is in etcd, which has a quorum of its own: the controller is shown as the only voter',
    odradekSays: /^CurrentVoters: +\[\{"id": \d, [^}]*\}\]$/m,
  },
  {
    command: /^metadata-quorum describe --replication/,
    reason: 'the metadata is in etcd: the controller is shown as who has all of it',
    odradekSays: /^NodeId.*\n\d .*Leader\s*$/,
  },
  {
    command: /^configs --describe --broker 2 --all/,
    reason:
      'the two are set up differently: Kafka needs listeners and roles said, Odradek takes its directory from the command line',
    rewrite: withoutLines(
      /^ {2}(advertised\.listeners|controller\.(listener\.names|quorum\.voters)|group\.initial\.rebalance\.delay\.ms|inter\.broker\.listener\.name|listeners|log\.dirs|process\.roles)=/,
    ),
  },
  {
    command: /^topics --describe --topic alone/,
    reason: 'Kafka leaves a replica that has been moved away among the eligible leaders',
    side: 'kafka',
    rewrite: output => output.replace('Replicas: 1\tIsr: 1\tElr: 3\t', 'Replicas: 1\tIsr: 1\tElr: \t'),
  },
]
