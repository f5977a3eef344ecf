import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ClusterAddress } from 'odradek'
import { UsageError } from '../output/failure.ts'

export interface EtcdFlags {
  readonly cluster?: string
  readonly etcdTls?: boolean
  readonly etcdCa?: string
  readonly etcdCert?: string
  readonly etcdKey?: string
  readonly etcdUser?: string
  readonly etcdPasswordFile?: string
}

/** Under which help lists them. */
export const etcdOptionsHeading = 'One of several brokers:'
/** For those who keep secrets in the environment: on a command line everybody on the machine could read it. */
const passwordVariable = 'ODRADEK_ETCD_PASSWORD'

/** Where a cluster keeps its metadata, and how to get in there. */
export function addEtcdOptions(command: Command): Command {
  const options: readonly [flags: string, description: string, variable: string][] = [
    ['--cluster <url>', 'etcd://HOST:PORT[,HOST:PORT...]/PREFIX, the same for all of them', 'ODRADEK_CLUSTER'],
    ['--etcd-tls [true|false]', 'speak TLS with etcd; so does any of the next three', 'ODRADEK_ETCD_TLS'],
    ['--etcd-ca <file>', 'PEM of whom to trust (default: those that Node trusts)', 'ODRADEK_ETCD_CA'],
    ['--etcd-cert <file>', "PEM of the broker's own certificate", 'ODRADEK_ETCD_CERT'],
    ['--etcd-key <file>', 'PEM of its key', 'ODRADEK_ETCD_KEY'],
    ['--etcd-user <name>', `user at etcd; the password is in a file or in ${passwordVariable}`, 'ODRADEK_ETCD_USER'],
    ['--etcd-password-file <file>', 'holds the password of that user', 'ODRADEK_ETCD_PASSWORD_FILE'],
  ]
  for (const [flags, description, variable] of options) {
    const option = new Option(flags, description).env(variable).helpGroup(etcdOptionsHeading)
    command.addOption(option.optional ? option.preset('true').argParser(trueOrFalse) : option)
  }
  return command
}

/** As a variable of the environment has it, where not to say it is not the only way to say no. */
function trueOrFalse(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('It must be true or false.')
  return text === 'true'
}

/** Undefined where no cluster is named. */
export function clusterAddress(flags: EtcdFlags): ClusterAddress | undefined {
  if (flags.cluster === undefined) return undefined
  const { etcdTls, etcdCa, etcdCert, etcdKey } = flags
  if ((etcdCert === undefined) !== (etcdKey === undefined)) {
    throw new UsageError('--etcd-cert and --etcd-key belong together: give both, or neither')
  }
  const hasFiles = etcdCa !== undefined || etcdCert !== undefined
  if (etcdTls === false && hasFiles) {
    throw new UsageError(
      '--etcd-tls is false, and --etcd-ca, --etcd-cert and --etcd-key are for TLS: leave it out, or them',
    )
  }
  const tls = {
    ...(etcdCa === undefined ? {} : { ca: read('--etcd-ca', etcdCa) }),
    ...(etcdCert === undefined ? {} : { cert: read('--etcd-cert', etcdCert) }),
    ...(etcdKey === undefined ? {} : { key: read('--etcd-key', etcdKey) }),
  }
  const user = etcdUser(flags)
  return {
    url: flags.cluster,
    security: { ...(etcdTls || hasFiles ? { tls } : {}), ...(user === undefined ? {} : { user }) },
  }
}

/** What `clusterAddress` reads, as it is typed. */
export function etcdArguments(flags: EtcdFlags): string[] {
  const given: readonly [option: string, value: string | undefined][] = [
    ['--cluster', flags.cluster],
    ['--etcd-ca', flags.etcdCa],
    ['--etcd-cert', flags.etcdCert],
    ['--etcd-key', flags.etcdKey],
    ['--etcd-user', flags.etcdUser],
    ['--etcd-password-file', flags.etcdPasswordFile],
  ]
  const named = given.flatMap(([option, value]) => (value === undefined ? [] : [option, value]))
  return flags.etcdTls === true ? [...named, '--etcd-tls'] : named
}

function etcdUser({
  etcdUser: name,
  etcdPasswordFile: file,
}: EtcdFlags): { name: string; password: string } | undefined {
  if (name === undefined) {
    if (file !== undefined) throw new UsageError('--etcd-password-file is of no use without --etcd-user')
    return undefined
  }
  // Editors and echo end a file with a line break, which is no part of the password.
  const password =
    file === undefined ? process.env[passwordVariable] : read('--etcd-password-file', file).replace(/\r?\n$/, '')
  if (password === undefined) {
    throw new UsageError(
      `--etcd-user needs a password: in --etcd-password-file, or in the environment as ${passwordVariable}`,
    )
  }
  return { name, password }
}

function read(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${path} (${option}): ${error instanceof Error ? error.message : String(error)}`)
  }
}
