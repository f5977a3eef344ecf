import { array, int16, int32, int64, string, struct, uint16, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** Key of a control record, behind an int16 version. */
export const controlRecordTypeSchema = data(
  { name: 'ControlRecordTypeSchema', versions: [0, 0] },
  {
    type: int16(),
  },
)
export interface ControlRecordTypeSchema extends Message<typeof controlRecordTypeSchema> {}

/** Value of a transaction marker, behind an int16 version (KIP-98). */
export const endTxnMarker = data(
  { name: 'EndTxnMarker', versions: [0, 0] },
  {
    coordinatorEpoch: int32(),
  },
)
export interface EndTxnMarker extends Message<typeof endTxnMarker> {}

/** Control record: the version of the KRaft protocol that the quorum speaks (KIP-853). */
export const kRaftVersionRecord = data(
  { name: 'KRaftVersionRecord', versions: [0, 0], flexible: 0 },
  {
    version: int16(),
    kRaftVersion: int16(),
  },
)
export interface KRaftVersionRecord extends Message<typeof kRaftVersionRecord> {}

const voter = struct({
  voterId: int32(),
  voterDirectoryId: uuid().since(1),
})

/** Control record: who leads the KRaft quorum, and who voted for it (KIP-595). */
export const leaderChangeMessage = data(
  { name: 'LeaderChangeMessage', versions: [0, 1], flexible: 0 },
  {
    version: int16(),
    leaderId: int32(),
    voters: array(voter),
    grantingVoters: array(voter),
  },
)
export interface LeaderChangeMessage extends Message<typeof leaderChangeMessage> {}

/** Control record: the end of a KRaft snapshot (KIP-630). */
export const snapshotFooterRecord = data(
  { name: 'SnapshotFooterRecord', versions: [0, 0], flexible: 0 },
  {
    version: int16(),
  },
)
export interface SnapshotFooterRecord extends Message<typeof snapshotFooterRecord> {}

/** Control record: the start of a KRaft snapshot (KIP-630). */
export const snapshotHeaderRecord = data(
  { name: 'SnapshotHeaderRecord', versions: [0, 0], flexible: 0 },
  {
    version: int16(),
    lastContainedLogTimestamp: int64(),
  },
)
export interface SnapshotHeaderRecord extends Message<typeof snapshotHeaderRecord> {}

/** Control record: the voters of the KRaft quorum (KIP-853). */
export const votersRecord = data(
  { name: 'VotersRecord', versions: [0, 0], flexible: 0 },
  {
    version: int16(),
    voters: array(
      struct({
        voterId: int32(),
        voterDirectoryId: uuid(),
        endpoints: array(
          struct({
            name: string(),
            host: string(),
            port: uint16(),
          }),
        ),
        kRaftVersionFeature: struct({
          minSupportedVersion: int16(),
          maxSupportedVersion: int16(),
        }),
      }),
    ),
  },
)
export interface VotersRecord extends Message<typeof votersRecord> {}
