import { array, bool, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Asks for the configuration of topics, brokers, groups and so on.
 * v1: synonyms (KIP-226). v3: documentation (KIP-569).
 */
export const describeConfigsRequest = request(
  { key: 32, versions: [1, 4], flexible: 4 },
  {
    resources: array(
      struct({
        /** 2: topic. 4: broker. 8: broker logger. 16: client metrics. 32: group. */
        resourceType: int8(),
        resourceName: string(),
        /** Null: all of them. */
        configurationKeys: array(string()).nullable().default([]),
      }),
    ),
    includeSynonyms: bool(),
    includeDocumentation: bool().since(3),
  },
)
export interface DescribeConfigsRequest extends Message<typeof describeConfigsRequest> {}

/** Settings with their sources. v3: type and documentation (KIP-569). */
export const describeConfigsResponse = response(
  { key: 32, versions: [1, 4], flexible: 4 },
  {
    throttleTimeMs: int32(),
    results: array(
      struct({
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            value: string().nullable().default(''),
            readOnly: bool(),
            configSource: int8().default(-1).ignorable(),
            isSensitive: bool(),
            synonyms: array(
              struct({
                name: string(),
                value: string().nullable().default(''),
                source: int8(),
              }),
            ).ignorable(),
            configType: int8().since(3).ignorable(),
            documentation: string().nullable().since(3).default('').ignorable(),
          }),
        ),
      }),
    ),
  },
)
export interface DescribeConfigsResponse extends Message<typeof describeConfigsResponse> {}
