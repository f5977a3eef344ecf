import type { Platform } from '../platform.ts'
import { nodeClock } from './clock.ts'
import { nodeDisk } from './disk.ts'
import { nodeNetwork } from './network.ts'
import { nodeRandom } from './random.ts'

/** The machine we run on. `overrides` replace single parts: an embedded broker brings a disk in memory. */
export function createNodePlatform(overrides: Partial<Platform> = {}): Platform {
  return { clock: nodeClock, random: nodeRandom, disk: nodeDisk, network: nodeNetwork, ...overrides }
}
