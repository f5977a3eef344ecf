import type { BrokerConfig } from '../config/broker-config.ts'
import { type ClusterImage, overridesOf } from './cluster-image.ts'

/** What was set while brokers run, on that broker and on all, is in force from this image on. */
export function followConfig(config: BrokerConfig, image: ClusterImage, brokerId: number): void {
  config.setDynamic({
    broker: overridesOf(image, { type: 'broker', name: String(brokerId) }),
    allBrokers: overridesOf(image, { type: 'broker', name: '' }),
  })
}
