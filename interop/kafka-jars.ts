/**
 * Apache Kafka's own jars, for the tests that compare with it or read our files with its tools. Fetched once through
 * Maven (`pom.xml` beside this file pins the version) into the cache; `ODRADEK_KAFKA_LIBS` names a directory that has
 * them already.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { cached } from './cache.ts'
import { type CommandOptions, type CommandResult, mustRun, needProgram, runCommand } from './command.ts'

const pom = path.join(import.meta.dirname, 'pom.xml')

/** The release that Odradek is compared with. */
export const kafkaVersion: string = /<kafka\.version>(.+)<\/kafka\.version>/.exec(readFileSync(pom, 'utf8'))?.[1] ?? ''

let jars: Promise<string> | undefined

/** The class path for `java -cp`, a wildcard over Kafka's jars. */
export async function kafkaClasspath(): Promise<string> {
  jars ??= findJars()
  return path.join(await jars, '*')
}

async function findJars(): Promise<string> {
  const given = process.env.ODRADEK_KAFKA_LIBS
  if (given !== undefined && given !== '') return given
  return cached(`kafka-${kafkaVersion}`, async directory => {
    await needProgram('mvn', 'maven', 'default-jdk-headless')
    await mustRun('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${directory}`], {
      timeoutMs: 900_000,
    })
  })
}

/** The `java` of this machine, installed if need be. */
export function needJava(): Promise<string> {
  return needProgram('java', 'default-jdk-headless')
}

/** The `javac` of this machine, installed if need be. */
export function needJavaCompiler(): Promise<string> {
  return needProgram('javac', 'default-jdk-headless')
}

/** The class path of a program of one source file, compiled on Kafka's jars. */
export async function compileJava(name: string, source: string): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 12)
  const classes = await cached(`${name}-${digest}-${kafkaVersion}`, async directory => {
    await mustRun(await needJavaCompiler(), ['-d', directory, '-cp', await kafkaClasspath(), source])
  })
  return [classes, await kafkaClasspath()].join(path.delimiter)
}

/** Options of a short-lived JVM: start fast, stay small, log only what is wrong. */
export const toolJvmOptions: readonly string[] = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Xmx256m',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]

/** Runs one of Kafka's classes to its end: `runKafkaClass('kafka.tools.DumpLogSegments', ['--files', …])`. */
export async function runKafkaClass(
  className: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult> {
  const java = await needJava()
  return runCommand(java, [...toolJvmOptions, '-cp', await kafkaClasspath(), className, ...args], options)
}
