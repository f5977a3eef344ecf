// Bit fields of the operations that a client may do on a resource: bit n is AclOperation n. Without an authorizer
// everybody may do everything that the resource knows.

const operations = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

function bitField(...names: readonly (keyof typeof operations)[]): number {
  return names.reduce((bits, name) => bits | (1 << operations[name]), 0)
}

/** Where the client did not ask. */
export const operationsNotAsked = -2147483648

export const topicOperations = bitField(
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'describeConfigs',
  'alterConfigs',
)

export const clusterOperations = bitField(
  'create',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
  'alter',
  'describe',
)

export const groupOperations = bitField('read', 'delete', 'describe', 'describeConfigs', 'alterConfigs')
