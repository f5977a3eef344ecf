import { array, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Lists the ACLs that match a filter (KIP-140). v1: prefixed patterns (KIP-290). */
export const describeAclsRequest = request(
  { key: 29, versions: [1, 3], flexible: 2 },
  {
    resourceTypeFilter: int8(),
    resourceNameFilter: string().nullable().default(''),
    patternTypeFilter: int8().default(3),
    principalFilter: string().nullable().default(''),
    hostFilter: string().nullable().default(''),
    operation: int8(),
    permissionType: int8(),
  },
)
export interface DescribeAclsRequest extends Message<typeof describeAclsRequest> {}

/** The matching ACLs, by resource. */
export const describeAclsResponse = response(
  { key: 29, versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        patternType: int8().default(3),
        acls: array(
          struct({
            principal: string(),
            host: string(),
            operation: int8(),
            permissionType: int8(),
          }),
        ),
      }),
    ),
  },
)
export interface DescribeAclsResponse extends Message<typeof describeAclsResponse> {}
