import type { Simulation } from '@odradek/platform/simulated'
import { Client } from './client.ts'
import { clientMachine } from './cluster.ts'
import type { Ledger } from './ledger.ts'
import type { Plan } from './plan.ts'

/** What the clients of one history share. */
export interface World {
  readonly simulation: Simulation
  readonly plan: Plan
  readonly ledger: Ledger
  readonly note: (who: string, what: string) => void
  /** True once clients shall finish what they have begun, and begin nothing new. */
  readonly isClosing: () => boolean
}

export function newClient({ simulation, plan }: World, name: string): Client {
  const platform = simulation.platform(clientMachine)
  return new Client({ name, platform, random: simulation.random(`client ${name}`), brokerIds: plan.brokerIds })
}
