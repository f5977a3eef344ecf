/** A directory that lies on a disk of its own, in memory, which a test can fill up. Needs Linux and the rights of root. */
import { spawnSync } from 'node:child_process'
import { rm, statfs, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { runCommand } from '../command.ts'

/** Disks of a test run that is itself ended before it could unmount them. */
const present = new Set<SmallDisk>()
process.once('exit', () => {
  for (const disk of present) disk.unmountNow()
})
// Each time: a second signal, as it comes from a terminal and from `timeout`, must not interrupt the exit handlers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

export class SmallDisk {
  readonly #directory: string

  /** Mounts it on an empty directory. */
  static async mount(directory: string, { megabytes }: { readonly megabytes: number }): Promise<SmallDisk> {
    const args = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory]
    const { status, stderr } = await runCommand('mount', args)
    if (status !== 0) {
      throw new Error(
        `this test fills a disk in memory, which this machine does not let us mount: it needs Linux and the rights of root; in a container, CAP_SYS_ADMIN\n${stderr}`,
      )
    }
    const disk = new SmallDisk(directory)
    present.add(disk)
    return disk
  }

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Something else grows, until no more than so much is free. */
  async fill({ leavingBytes }: { readonly leavingBytes: number }): Promise<void> {
    const bytes = (await this.freeBytes()) - leavingBytes
    if (bytes <= 0) return
    await writeFile(this.#ballast, Buffer.alloc(bytes)).catch((error: NodeJS.ErrnoException) => {
      // Others were quicker: it is full.
      if (error.code !== 'ENOSPC') throw error
    })
  }

  /** Somebody has tidied up. */
  makeSpace(): Promise<void> {
    return rm(this.#ballast, { force: true })
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#directory)
    return bavail * bsize
  }

  /** Whoever used it has ended. */
  unmount(): void {
    this.unmountNow()
    present.delete(this)
  }

  /** Synchronously, for the end of the process; lazily, since who used it may still be on its way out. */
  unmountNow(): void {
    spawnSync('umount', ['--lazy', this.#directory], { stdio: 'ignore' })
  }

  get #ballast(): string {
    return path.join(this.#directory, 'ballast')
  }
}
