/** Plays the scripts of a setup as tests: one a script, and one that no allowed difference has become superfluous. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Comparison, explain } from './compare.ts'
import { type Setup, SideBySide, scriptNames } from './side-by-side.ts'

export function compareAll(setup: Setup): void {
  let sides: SideBySide
  const all: Comparison[] = []

  before(async () => {
    sides = await SideBySide.start(setup)
  })
  after(() => sides?.stop())

  for (const name of scriptNames(setup)) {
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
    const unused = setup.allowed.filter(difference => !difference.isByChance && !used.has(difference))
    assert.deepEqual(
      unused.map(({ command, reason }) => `${command}: ${reason}`),
      [],
      'take these out of the list',
    )
  })
}
