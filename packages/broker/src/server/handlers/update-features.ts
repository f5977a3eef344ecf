/** UpdateFeatures, versions 0 to 2: raises and lowers feature levels (KIP-584). ACL checks (with security): ALTER on the cluster. */
import {
  type MessageInput,
  type UpdateFeaturesRequest,
  updateFeaturesRequest,
  updateFeaturesResponse,
} from '@odradek/protocol'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { unlessStoreFails } from './unless-store-fails.ts'

type Answer = MessageInput<typeof updateFeaturesResponse>

export function updateFeaturesHandler({
  controller,
}: {
  controller: Pick<Controller, 'updateFeatures'>
}): ApiHandler<UpdateFeaturesRequest, Answer> {
  return apiHandler(updateFeaturesRequest, updateFeaturesResponse, async (request, { apiVersion }) => {
    const updates = request.featureUpdates.map(update => ({
      ...update,
      // Version 0 could only say whether a downgrade is meant.
      upgradeType: apiVersion === 0 && update.allowDowngrade ? 2 : update.upgradeType,
    }))
    const updating = controller.updateFeatures(updates, { validateOnly: request.validateOnly })
    const { outcome, byFeature } = await unlessStoreFails(updating, outcome => ({ outcome, byFeature: [] }))
    return {
      ...outcome,
      results:
        apiVersion <= 1 ? byFeature.map(({ feature, outcome }) => ({ feature, ...outcome, errorMessage: 'NONE' })) : [],
    }
  })
}
