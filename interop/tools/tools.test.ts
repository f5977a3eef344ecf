/** Kafka's own command-line tools say on Odradek what they say on Kafka: standard output, standard error and exit codes. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Comparison, explain } from './compare.ts'
import { allowedDifferences } from './expected-differences.ts'
import { SideBySide, scriptNames } from './side-by-side.ts'

let sides: SideBySide
const all: Comparison[] = []

before(async () => {
  sides = await SideBySide.start()
})
after(() => sides?.stop())

for (const name of scriptNames()) {
  test(`the commands of ${name} say the same on both`, async () => {
    const comparisons = await sides.play(name)
    all.push(...comparisons)
    const unfinished = comparisons.filter(({ kafka }) => kafka.status === null)
    assert.equal(unfinished.map(({ step }) => `line ${step.line}: ${step.text}`).join('\n'), '', 'these never end')
    const different = comparisons.filter(({ verdict }) => verdict === 'different')
    assert.equal(different.map(explain).join('\n\n'), '')
  })
}

test('each allowed difference is there', context => {
  const used = new Set(all.filter(({ verdict }) => verdict === 'allowed').flatMap(({ allowedBy }) => allowedBy))
  const count = (verdict: Comparison['verdict']) => all.filter(each => each.verdict === verdict).length
  context.diagnostic(
    `${all.length} commands: ${count('same')} say the same, ${count('allowed')} differ as allowed, ${count('different')} differ`,
  )
  if (process.env.ODRADEK_TOOLS_SCRIPT !== undefined) return
  const unused = allowedDifferences.filter(difference => !used.has(difference))
  assert.deepEqual(
    unused.map(({ command, reason }) => `${command}: ${reason}`),
    [],
    'take these out of expected-differences.ts',
  )
})
