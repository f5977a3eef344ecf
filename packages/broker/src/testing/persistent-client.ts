import type { Platform } from '@odradek/platform'
import { TestClient } from '../server/testing/test-client.ts'

/** Asks until it gets an answer, over as many connections as it takes: for brokers that die in between. */
export class PersistentClient {
  readonly #platform: Platform
  readonly #at: { host: string; port: number }
  #client: TestClient | null = null
  /** Requests that may have been carried out without our hearing of it, since the last answer. */
  unanswered = 0

  constructor(platform: Platform, at: { host: string; port: number }) {
    this.#platform = platform
    this.#at = at
  }

  async ask<I, T>(
    request: Parameters<typeof TestClient.prototype.send<I, T>>[0],
    response: Parameters<typeof TestClient.prototype.send<I, T>>[1],
    body: I,
    version: number,
  ): Promise<T> {
    this.unanswered = 0
    for (;;) {
      const client = await this.#connected()
      const timer = this.#platform.clock.after(answerWithinMs, () => client.close())
      try {
        return await client.send(request, response, body, { version })
      } catch (error) {
        if (!client.isClosed) throw error
        this.unanswered++
      } finally {
        timer.cancel()
      }
    }
  }

  async #connected(): Promise<TestClient> {
    while (this.#client === null || this.#client.isClosed) {
      try {
        this.#client = await TestClient.connect(this.#platform.network, this.#at)
      } catch {
        await this.sleep(50)
      }
    }
    return this.#client
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      this.#platform.clock.after(delayMs, resolve)
    })
  }
}

const answerWithinMs = 3000
