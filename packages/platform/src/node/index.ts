export { absolutePath } from './absolute-path.ts'
export { createNodePlatform } from './platform.ts'
