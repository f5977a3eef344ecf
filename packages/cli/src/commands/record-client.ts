import { parseBootstrap } from '@odradek/client'
import { UsageError } from '../output/failure.ts'

/** The bootstrap option in the form that the client library takes. */
export function bootstrapBrokers(bootstrap: string): { host: string; port: number }[] {
  try {
    return parseBootstrap(bootstrap)
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error
  }
}
