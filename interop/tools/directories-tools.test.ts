/** Kafka's own command-line tools say on an Odradek with two log directories what they say on a Kafka with two. */
import { compareAll } from './compared.ts'
import { twoDirectories } from './setups.ts'

compareAll(twoDirectories)
