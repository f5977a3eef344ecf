import { bool, string } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** A principal inside Envelope, behind an int16 version (KIP-590). */
export const defaultPrincipalData = data(
  { name: 'DefaultPrincipalData', versions: [0, 0], flexible: 0 },
  {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
)
export interface DefaultPrincipalData extends Message<typeof defaultPrincipalData> {}
