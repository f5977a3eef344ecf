/** Plays scripts and prints what each command says on both sides: `ODRADEK_TOOLS_SCRIPT=topics node interop/tools/main.ts`. */
import { explain } from './compare.ts'
import { oneBroker, threeBrokers, twoDirectories } from './setups.ts'
import { SideBySide, scriptNames } from './side-by-side.ts'

for (const setup of [oneBroker, twoDirectories, threeBrokers]) {
  const names = scriptNames(setup)
  if (names.length === 0) continue
  const sides = await SideBySide.start(setup)
  try {
    for (const name of names) await play(sides, name)
  } finally {
    await sides.stop()
  }
}

async function play(sides: SideBySide, name: string): Promise<void> {
  const startedAt = performance.now()
  for (const comparison of await sides.play(name)) {
    const { step, kafka, verdict, tookMs } = comparison
    console.log(
      `\n== ${name}:${step.line} ${step.text}\n${kafka.stdout}${kafka.stderr}-- exit ${kafka.status}: ${verdict}, took ${Math.round(tookMs.kafka)} and ${Math.round(tookMs.odradek)} ms`,
    )
    if (verdict !== 'same') console.log(explain(comparison))
  }
  console.log(`\n== ${name} took ${Math.round(performance.now() - startedAt)} ms`)
}
