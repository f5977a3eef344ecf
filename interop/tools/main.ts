/** Plays scripts and prints what each command says on both brokers: `ODRADEK_TOOLS_SCRIPT=topics node interop/tools/main.ts`. */
import { explain } from './compare.ts'
import { SideBySide, scriptNames } from './side-by-side.ts'

const sides = await SideBySide.start()
try {
  for (const name of scriptNames()) {
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
} finally {
  await sides.stop()
}
