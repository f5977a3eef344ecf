#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Compiled code and stripped types are kept between runs: most of the time that a start takes.
enableCompileCache()
const { run } = await import('./run.ts')
process.exitCode = await run(process.argv)
