import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { brokerSettings } from './broker-settings.ts'
import { type ConfigDefinition, isProblem, parseConfig } from './config-definition.ts'
import { clientMetricsSettings } from './settings/client-metrics-settings.ts'
import { groupSettings } from './settings/group-settings.ts'
import { topicSettings } from './settings/topic-settings.ts'

// The tables beside this test were read out of Kafka 4.3.0's own definitions.

interface Row {
  readonly [column: string]: string
}

function readTable(file: string): Map<string, Row> {
  const [head = '', ...lines] = readFileSync(new URL(`testing/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  const columns = head.split('\t')
  const rows = lines.map(line => {
    const cells = line.split('\t')
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']))
  })
  return new Map(rows.map(row => [row.name ?? '', row]))
}

const tables: readonly [file: string, table: Readonly<Record<string, ConfigDefinition>>][] = [
  ['broker-configs.tsv', brokerSettings],
  ['topic-configs.tsv', topicSettings],
  ['group-configs.tsv', groupSettings],
  ['client-metrics-configs.tsv', clientMetricsSettings],
]

for (const [file, table] of tables) {
  test(`every setting of ${file} is defined as Kafka defines it, and no other`, () => {
    const rows = readTable(file)
    assert.deepEqual(Object.keys(table).sort(), [...rows.keys()].sort())
    for (const [name, definition] of Object.entries(table)) {
      const row = rows.get(name) ?? {}
      const synonyms = row.broker_synonyms ?? row.broker_synonym ?? ''
      const expectedDefault = ['null', '<required>'].includes(row.default ?? '') ? null : row.default
      const defaultText = definition.defaultText
      assert.deepEqual(
        {
          type: definition.type,
          defaultText,
          importance: definition.importance,
          internal: String(definition.internal),
        },
        { type: row.type, defaultText: expectedDefault, importance: row.importance, internal: row.internal },
        name,
      )
      if (row.update_mode !== undefined) assert.equal(definition.update, row.update_mode, name)
      assert.equal(definition.synonyms.join(','), synonyms, name)
    }
  })

  test(`every default of ${file} is canonical and passes its own check`, () => {
    for (const [name, definition] of Object.entries(table)) {
      const { defaultText } = definition
      if (defaultText === null) continue
      // Kafka checks what is set: these lists are empty until they are.
      if (['controller.quorum.bootstrap.servers', 'controller.quorum.voters'].includes(name)) continue
      const parsed = parseConfig(name, definition, defaultText)
      assert.ok(!isProblem(parsed), name)
      assert.equal(parsed.text, defaultText, name)
    }
  })

  test(`every setting of ${file} has one sentence of documentation`, () => {
    for (const [name, { documentation }] of Object.entries(table)) assert.match(documentation, /^[A-Z].*\.$/, name)
  })

  test(`the bounds of ${file} are Kafka's`, () => {
    for (const [name, definition] of Object.entries(table)) {
      const [, min, max] = /^\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\]$/.exec(readTable(file).get(name)?.valid ?? '') ?? []
      if (min === undefined) continue
      const step = definition.type === 'double' ? 0.001 : 1
      const accepts = (value: number) => !isProblem(parseConfig(name, definition, String(value)))
      assert.ok(accepts(Number(min)), name)
      assert.ok(!accepts(Number(min) - step), name)
      if (max === undefined) continue
      assert.ok(accepts(Number(max)), name)
      assert.ok(!accepts(Number(max) + step), name)
    }
  })
}
