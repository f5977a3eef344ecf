/**
 * CreateTopics, versions 2 to 7. When it answers, the topics are served. ACL checks (with security): CREATE on the
 * cluster or on each topic; DESCRIBE_CONFIGS on each topic, without which its settings are left out of the answer.
 */
import {
  type CreateTopicsRequest,
  createTopicsRequest,
  createTopicsResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { CreatedTopic } from '../../core/cluster/create-topics.ts'
import type { BrokerConfig } from '../../core/config/broker-config.ts'
import { createdTopicSettings } from '../../core/config/describe-settings.ts'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { inTime } from './unless-store-fails.ts'

type Answer = MessageInput<typeof createTopicsResponse>

export function createTopicsHandler({
  controller,
  config,
}: {
  controller: Pick<Controller, 'createTopics'>
  config: BrokerConfig
}): ApiHandler<CreateTopicsRequest, Answer> {
  return apiHandler(createTopicsRequest, createTopicsResponse, async ({ topics, timeoutMs, validateOnly }) => {
    const create = () => controller.createTopics(topics, { validateOnly })
    const results = await inTime<readonly CreatedTopic[]>(timeoutMs, create, outcome =>
      topics.map(({ name }) => ({ name, outcome, created: null })),
    )
    return { topics: results.map(result => describe(result, config)) }
  })
}

function describe({ name, outcome, created }: CreatedTopic, config: BrokerConfig) {
  if (created === null) return { name, ...outcome, configs: [] }
  const { topicId, partitions } = created.definition
  return {
    name,
    topicId,
    ...outcome,
    numPartitions: partitions.length,
    replicationFactor: partitions[0]?.replicas.length ?? -1,
    configs: createdTopicSettings(config, created.config),
  }
}
