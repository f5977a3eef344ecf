export { createNodePlatform } from './platform.ts'
