import { array, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Removes the ACLs that match filters (KIP-140). v1: prefixed patterns (KIP-290). */
export const deleteAclsRequest = request(
  { key: 31, versions: [1, 3], flexible: 2 },
  {
    filters: array(
      struct({
        resourceTypeFilter: int8(),
        resourceNameFilter: string().nullable().default(''),
        patternTypeFilter: int8().default(3),
        principalFilter: string().nullable().default(''),
        hostFilter: string().nullable().default(''),
        operation: int8(),
        permissionType: int8(),
      }),
    ),
  },
)
export interface DeleteAclsRequest extends Message<typeof deleteAclsRequest> {}

/** What each filter removed. */
export const deleteAclsResponse = response(
  { key: 31, versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    filterResults: array(
      struct({
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
        matchingAcls: array(
          struct({
            errorCode: int16(),
            errorMessage: string().nullable().default(''),
            resourceType: int8(),
            resourceName: string(),
            patternType: int8().default(3),
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
export interface DeleteAclsResponse extends Message<typeof deleteAclsResponse> {}
