/** The settings that group decisions depend on; broker settings' names in camelCase. */
export interface GroupConfig {
  /** Bounds of a JoinGroup's session timeout, both inclusive. */
  readonly groupMinSessionTimeoutMs: number
  readonly groupMaxSessionTimeoutMs: number
  /** How long the first rebalance of an empty group waits for more members. */
  readonly groupInitialRebalanceDelayMs: number
  /** Most members of one group. */
  readonly groupMaxSize: number
  /** Most UTF-16 units of an offset's metadata (Kafka counts them so, whatever the setting's name says). */
  readonly offsetMetadataMaxBytes: number
  /** How long offsets outlive their group, or their commit in a simple group. */
  readonly offsetsRetentionMs: number
}

/** Kafka's defaults, but `group.initial.rebalance.delay.ms`: a test or a small service does not want to wait 3 s for peers. */
export const defaultGroupConfig: GroupConfig = {
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 0,
  groupMaxSize: 2_147_483_647,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 10_080 * 60_000,
}

/**
 * A new member's JoinGroup is answered at the latest after this time, whatever its session timeout: it has no id to send
 * heartbeats with, and its connection may be gone without our knowing.
 */
export const newMemberJoinTimeoutMs = 5 * 60_000
