// What the core does, as prose to be reviewed: transcripts/*.txt. After a change that is meant, write them anew:
//   npx node packages/broker/src/core/group/transcripts.test.ts --rewrite
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { runTranscript } from './testing/transcript.ts'

const directory = new URL('./transcripts/', import.meta.url)

for (const name of readdirSync(directory)) {
  test(`the core still does what ${name} says`, () => {
    const file = new URL(name, directory)
    const text = readFileSync(file, 'utf8')
    const now = runTranscript(text)
    if (process.argv.includes('--rewrite')) writeFileSync(file, now)
    else assert.equal(now, text)
  })
}
