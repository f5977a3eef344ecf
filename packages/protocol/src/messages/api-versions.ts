import { array, bool, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** The first request of a client: what can this broker do? v3: name and version of the client's software (KIP-511). */
export const apiVersionsRequest = request(
  { key: 18, versions: [0, 4], flexible: 3 },
  {
    clientSoftwareName: string().since(3).ignorable(),
    clientSoftwareVersion: string().since(3).ignorable(),
  },
)
export interface ApiVersionsRequest extends Message<typeof apiVersionsRequest> {}

/**
 * The APIs with their versions.
 * v3: features (KIP-584). Always behind a header of version 0, so that a client with an unknown version can read it.
 */
export const apiVersionsResponse = response(
  { key: 18, versions: [0, 4], flexible: 3 },
  {
    errorCode: int16(),
    apiKeys: array(
      struct({
        apiKey: int16(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
    ),
    throttleTimeMs: int32().since(1).ignorable(),
    supportedFeatures: array(
      struct({
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
    )
      .since(3)
      .tagged(0)
      .ignorable(),
    /** -1 where it is not known. */
    finalizedFeaturesEpoch: int64().since(3).tagged(1).default(-1).ignorable(),
    finalizedFeatures: array(
      struct({
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      }),
    )
      .since(3)
      .tagged(2)
      .ignorable(),
    zkMigrationReady: bool().since(3).tagged(3).ignorable(),
  },
)
export interface ApiVersionsResponse extends Message<typeof apiVersionsResponse> {}
