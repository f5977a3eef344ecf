#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// In JavaScript, and before the first TypeScript: one module whose types have to be stripped loads the stripper, which costs
// 15 MB for as long as the broker runs. From the second start on the cache has them all.
enableCompileCache()
await import('../src/main.ts')
