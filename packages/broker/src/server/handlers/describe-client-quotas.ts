/**
 * DescribeClientQuotas, versions 0 and 1 (KIP-546). Quotas cannot be set here yet, so none ever matches. ACL checks (with
 * security): DESCRIBE_CONFIGS on the cluster.
 */
import {
  type DescribeClientQuotasRequest,
  describeClientQuotasRequest,
  describeClientQuotasResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof describeClientQuotasResponse>

const entityTypes = ['user', 'client-id', 'ip']
const matchTypes = { exact: 0, default: 1, any: 2 } as const

export function describeClientQuotasHandler(): ApiHandler<DescribeClientQuotasRequest, Answer> {
  return apiHandler(describeClientQuotasRequest, describeClientQuotasResponse, request => {
    const problem = checkFilter(request)
    if (problem !== null) return { ...problem, entries: null }
    return { entries: [] }
  })
}

function checkFilter({ components }: DescribeClientQuotasRequest): { errorCode: number; errorMessage: string } | null {
  const invalid = (errorMessage: string) => ({ errorCode: errorCodes.INVALID_REQUEST, errorMessage })
  const seen = new Set<string>()
  for (const { entityType, matchType, match } of components) {
    if (entityType === '') return invalid('Invalid empty entity type.')
    if (seen.has(entityType)) return invalid(`Entity type ${entityType} cannot appear more than once in the filter.`)
    seen.add(entityType)
    if (matchType === matchTypes.exact && match === null)
      return invalid('Request specified MATCH_TYPE_EXACT, but set match string to null.')
    if (matchType !== matchTypes.exact && match !== null && matchType <= matchTypes.any) {
      return invalid(
        `Request specified ${matchType === matchTypes.default ? 'MATCH_TYPE_DEFAULT' : 'MATCH_TYPE_SPECIFIED'}, but also specified a match string.`,
      )
    }
    if (!Object.values<number>(matchTypes).includes(matchType)) return invalid(`Unknown match type ${matchType}`)
    if (!entityTypes.includes(entityType)) {
      return {
        errorCode: errorCodes.UNSUPPORTED_VERSION,
        errorMessage: `Unsupported entity type ${entityType}`,
      }
    }
  }
  if (seen.has('ip') && seen.size > 1) {
    return invalid(
      'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.',
    )
  }
  return null
}
