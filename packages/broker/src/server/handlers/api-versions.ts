/**
 * ApiVersions, versions 0 to 4: what this broker serves. No ACL check. An unknown version never comes here: the dispatcher
 * answers it in version 0.
 *
 * Kafka adds Produce versions 0 to 2 to the list, which it does not serve, for old clients that look for them to choose
 * their compression (KAFKA-18659); so do we.
 */
import {
  type ApiVersionsRequest,
  apiKeys,
  apiVersionsRequest,
  apiVersionsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof apiVersionsResponse>

/** The levels of features that this software knows, by name. */
export type SupportedFeatures = ReadonlyMap<string, { readonly min: number; readonly max: number }>

export interface ApiVersionsDependencies {
  /** All handlers of this broker, this one among them. */
  readonly handlers: () => Iterable<ApiHandler>
  readonly supportedFeatures: SupportedFeatures
  readonly image: () => ClusterImage
}

export function apiVersionsHandler(dependencies: ApiVersionsDependencies): ApiHandler<ApiVersionsRequest, Answer> {
  return apiHandler(apiVersionsRequest, apiVersionsResponse, (request, { apiVersion }) => {
    if (apiVersion >= 3 && !isSoftware(request)) return { errorCode: errorCodes.INVALID_REQUEST }
    const image = dependencies.image()
    return {
      errorCode: errorCodes.NONE,
      apiKeys: listApis(dependencies.handlers()),
      // Clients of version 3 cannot read a level 0 (KAFKA-17011): features that may be off are not shown to them.
      supportedFeatures: [...dependencies.supportedFeatures]
        .filter(([, { min }]) => apiVersion >= 4 || min > 0)
        .map(([name, { min, max }]) => ({ name, minVersion: min, maxVersion: max })),
      finalizedFeaturesEpoch: image.revision,
      finalizedFeatures: [...image.features].map(([name, level]) => ({
        name,
        maxVersionLevel: level,
        minVersionLevel: level,
      })),
    }
  })
}

function listApis(handlers: Iterable<ApiHandler>) {
  const apis = [...handlers].map(({ request: { key, versions } }) => ({
    apiKey: key,
    minVersion: key === apiKeys.Produce ? 0 : versions[0],
    maxVersion: versions[1],
  }))
  return apis.sort((a, b) => a.apiKey - b.apiKey)
}

/** KIP-511: the names end up in metrics and logs. */
function isSoftware({ clientSoftwareName, clientSoftwareVersion }: ApiVersionsRequest): boolean {
  return softwareForm.test(clientSoftwareName) && softwareForm.test(clientSoftwareVersion)
}

const softwareForm = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
