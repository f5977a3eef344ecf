/** partition.metadata: which topic, by its id, the directory belongs to. */
import type { Disk } from '@odradek/platform'
import { partitionMetadataFile } from './file-names.ts'
import { writeTextFile } from './text-file.ts'

/** Kafka's "no topic id". */
export const zeroTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Of a log that has lost the id of its topic; no topic has it. */
export const lostTopicId = ''

export function formatPartitionMetadata(topicId: string): string {
  return `version: 0\ntopic_id: ${topicId}`
}

/** Not synced: the log's first flush does that. Throws DiskError. */
export function writePartitionMetadata(disk: Disk, directory: string, topicId: string): void {
  writeTextFile(disk, `${directory}/${partitionMetadataFile}`, formatPartitionMetadata(topicId))
}

/** Null when the text is none. */
export function parsePartitionMetadata(text: string): string | null {
  return /^version: 0\r?\ntopic_id: ([A-Za-z0-9_-]{22})\s*$/.exec(text)?.[1] ?? null
}
