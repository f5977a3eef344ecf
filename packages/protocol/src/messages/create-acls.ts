import { array, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Adds ACLs (KIP-140). v1: prefixed patterns (KIP-290). */
export const createAclsRequest = request(
  { key: 30, versions: [1, 3], flexible: 2 },
  {
    creations: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        resourcePatternType: int8().default(3),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    ),
  },
)
export interface CreateAclsRequest extends Message<typeof createAclsRequest> {}

/** An error code by ACL, in the order of the request. */
export const createAclsResponse = response(
  { key: 30, versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    results: array(
      struct({
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
      }),
    ),
  },
)
export interface CreateAclsResponse extends Message<typeof createAclsResponse> {}
