/** Where in the network a process runs. */

export interface Launch {
  readonly program: string
  readonly args: readonly string[]
}

export interface NetworkHost {
  /** The others reach it there. */
  readonly address: string
  /** How a program is started so that it runs there. The process that is spawned is the program itself. */
  launch(launch: Launch): Launch
}

/** This machine, as it is. */
export const loopback: NetworkHost = { address: '127.0.0.1', launch: launch => launch }
