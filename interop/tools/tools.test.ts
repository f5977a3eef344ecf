/** Kafka's own command-line tools say on Odradek what they say on Kafka: standard output, standard error and exit codes. */
import { compareAll } from './compared.ts'
import { oneBroker } from './setups.ts'

compareAll(oneBroker)
