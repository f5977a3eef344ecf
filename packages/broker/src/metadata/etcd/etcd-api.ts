// The part of etcd's v3 API that the engine uses: gRPC messages as data, with the field numbers of etcd's rpc.proto and kv.proto
// (only those count on the wire). Types are inferred; the library's descriptors are built when the first store is opened.

import type { DescMethodBiDiStreaming, DescMethodUnary } from '@bufbuild/protobuf'

const messages = {
  ResponseHeader: { revision: [3, 'int64'] },
  KeyValue: { key: [1, 'bytes'], modRevision: [3, 'int64'], value: [5, 'bytes'] },

  RangeRequest: {
    key: [1, 'bytes'],
    rangeEnd: [2, 'bytes'],
    limit: [3, 'int64'],
    revision: [4, 'int64'],
  },
  RangeResponse: { header: [1, 'ResponseHeader'], kvs: [2, 'KeyValue[]'], more: [3, 'bool'] },
  PutRequest: { key: [1, 'bytes'], value: [2, 'bytes'], lease: [3, 'int64'] },
  DeleteRangeRequest: { key: [1, 'bytes'] },

  /** Result 0 is "equal". Target 2 is the revision that last wrote the key, 0 where there is none. */
  Compare: { result: [1, 'int32'], target: [2, 'int32'], key: [3, 'bytes'], modRevision: [6, 'int64'] },
  /** One of them. */
  RequestOp: { range: [1, 'RangeRequest'], put: [2, 'PutRequest'], deleteRange: [3, 'DeleteRangeRequest'] },
  ResponseOp: { range: [1, 'RangeResponse'] },
  TxnRequest: { compare: [1, 'Compare[]'], success: [2, 'RequestOp[]'], failure: [3, 'RequestOp[]'] },
  TxnResponse: { header: [1, 'ResponseHeader'], succeeded: [2, 'bool'], responses: [3, 'ResponseOp[]'] },

  WatchCreateRequest: { key: [1, 'bytes'], rangeEnd: [2, 'bytes'], startRevision: [3, 'int64'] },
  WatchRequest: { create: [1, 'WatchCreateRequest'] },
  /** Type 0 is a put, 1 a delete, whose key-value has only the key and the revision. */
  Event: { type: [1, 'int32'], kv: [2, 'KeyValue'] },
  WatchResponse: {
    header: [1, 'ResponseHeader'],
    created: [3, 'bool'],
    canceled: [4, 'bool'],
    compactRevision: [5, 'int64'],
    cancelReason: [6, 'string'],
    events: [11, 'Event[]'],
  },

  LeaseGrantRequest: { ttl: [1, 'int64'], id: [2, 'int64'] },
  LeaseGrantResponse: { id: [2, 'int64'], ttl: [3, 'int64'] },
  LeaseRevokeRequest: { id: [1, 'int64'] },
  LeaseRevokeResponse: {},
  LeaseKeepAliveRequest: { id: [1, 'int64'] },
  /** A ttl of 0: the lease is gone. */
  LeaseKeepAliveResponse: { id: [2, 'int64'], ttl: [3, 'int64'] },

  AuthenticateRequest: { name: [1, 'string'], password: [2, 'string'] },
  AuthenticateResponse: { token: [2, 'string'] },
} as const

const calls = {
  range: ['KV', 'Range', 'RangeRequest', 'RangeResponse'],
  txn: ['KV', 'Txn', 'TxnRequest', 'TxnResponse'],
  leaseGrant: ['Lease', 'LeaseGrant', 'LeaseGrantRequest', 'LeaseGrantResponse'],
  leaseRevoke: ['Lease', 'LeaseRevoke', 'LeaseRevokeRequest', 'LeaseRevokeResponse'],
  authenticate: ['Auth', 'Authenticate', 'AuthenticateRequest', 'AuthenticateResponse'],
} as const

const streams = {
  watch: ['Watch', 'Watch', 'WatchRequest', 'WatchResponse'],
  leaseKeepAlive: ['Lease', 'LeaseKeepAlive', 'LeaseKeepAliveRequest', 'LeaseKeepAliveResponse'],
} as const

type Messages = typeof messages
interface Scalars {
  bytes: Uint8Array
  string: string
  bool: boolean
  int32: number
  int64: bigint
}
type TypeOf<Field> = Field extends readonly [number, infer Type] ? Type : never

type Decoded<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends `${infer Name extends keyof Messages & string}[]`
    ? readonly EtcdMessage<Name>[]
    : Type extends keyof Messages
      ? EtcdMessage<Type> | undefined
      : never

type Encodable<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends `${infer Name extends keyof Messages & string}[]`
    ? readonly EtcdInput<Name>[]
    : Type extends keyof Messages
      ? EtcdInput<Type>
      : never

/** A message as it was received: every scalar is there, if only by its default. */
export type EtcdMessage<Name extends keyof Messages> = {
  readonly [Field in keyof Messages[Name]]: Decoded<TypeOf<Messages[Name][Field]>>
}
/** A message to be sent: what is left out has its default. */
export type EtcdInput<Name extends keyof Messages> = {
  readonly [Field in keyof Messages[Name]]?: Encodable<TypeOf<Messages[Name][Field]>>
}

export type EtcdCall = keyof typeof calls
export type EtcdStream = keyof typeof streams
type Signatures = typeof calls & typeof streams
export type EtcdRequest<Call extends keyof Signatures> = EtcdInput<Signatures[Call][2]>
export type EtcdResponse<Call extends keyof Signatures> = EtcdMessage<Signatures[Call][3]>

export interface EtcdDescriptors {
  readonly calls: Readonly<Record<EtcdCall, DescMethodUnary>>
  readonly streams: Readonly<Record<EtcdStream, DescMethodBiDiStreaming>>
}

export async function buildDescriptors(): Promise<EtcdDescriptors> {
  const { create, createFileRegistry } = await import('@bufbuild/protobuf')
  const { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorProtoSchema } = await import(
    '@bufbuild/protobuf/wkt'
  )
  const scalarTypes: Readonly<Record<string, number>> = {
    bytes: FieldDescriptorProto_Type.BYTES,
    string: FieldDescriptorProto_Type.STRING,
    bool: FieldDescriptorProto_Type.BOOL,
    int32: FieldDescriptorProto_Type.INT32,
    int64: FieldDescriptorProto_Type.INT64,
  }
  const field = (name: string, [number, type]: readonly [number, string]) => {
    const isRepeated = type.endsWith('[]')
    const label = isRepeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL
    const scalar = scalarTypes[type]
    if (scalar !== undefined) return { name, jsonName: name, number, label, type: scalar }
    const typeName = `.etcdserverpb.${type.replace('[]', '')}`
    return { name, jsonName: name, number, label, type: FieldDescriptorProto_Type.MESSAGE, typeName }
  }
  const methods = [
    ...Object.entries(calls).map(([key, signature]) => ({ key, signature, isStream: false })),
    ...Object.entries(streams).map(([key, signature]) => ({ key, signature, isStream: true })),
  ]
  const services = Map.groupBy(methods, ({ signature: [service] }) => service)
  const file = create(FileDescriptorProtoSchema, {
    name: 'etcd.proto',
    syntax: 'proto3',
    package: 'etcdserverpb',
    messageType: Object.entries(messages).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(([fieldName, definition]) => field(fieldName, definition)),
    })),
    service: [...services].map(([name, ofService]) => ({
      name,
      method: ofService.map(({ signature: [, method, input, output], isStream }) => ({
        name: method,
        inputType: `.etcdserverpb.${input}`,
        outputType: `.etcdserverpb.${output}`,
        clientStreaming: isStream,
        serverStreaming: isStream,
      })),
    })),
  })
  const registry = createFileRegistry(file, () => undefined)
  const describe = ([key, [service, method]]: [string, readonly [string, string, string, string]]) => {
    const found = registry.getService(`etcdserverpb.${service}`)?.methods.find(({ name }) => name === method)
    if (found === undefined) throw new Error(`etcd's ${service}.${method} has no descriptor`)
    return [key, found] as const
  }
  // Which kind a method is has just been declared above, by the table that it came from.
  return {
    calls: Object.fromEntries(Object.entries(calls).map(describe)),
    streams: Object.fromEntries(Object.entries(streams).map(describe)),
  } as unknown as EtcdDescriptors
}
