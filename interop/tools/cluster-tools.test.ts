/** Kafka's own command-line tools say on three brokers of Odradek what they say on three of Kafka, also while one is down. */
import { compareAll } from './compared.ts'
import { threeBrokers } from './setups.ts'

compareAll(threeBrokers)
