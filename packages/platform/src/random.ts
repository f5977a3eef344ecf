/** The only source of chance. Seeded when simulated. */
export interface Random {
  /** Evenly distributed in [0, bound), bound <= 2^32. */
  integer(bound: number): number
  /** Cryptographically strong outside the simulator. */
  bytes(length: number): Buffer
}
