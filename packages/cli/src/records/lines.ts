/** Cuts a stream of bytes at a delimiter. Each item is what one chunk completed: a list of lines without their delimiter. */
export async function* lines(chunks: AsyncIterable<Buffer>, delimiter = 0x0a): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = []
  for await (const chunk of chunks) {
    const complete: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(delimiter); end >= 0; end = chunk.indexOf(delimiter, start)) {
      const tail = chunk.subarray(start, end)
      complete.push(rest.length === 0 ? tail : Buffer.concat([...rest, tail]))
      rest = []
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
    if (complete.length > 0) yield complete
  }
  if (rest.length > 0) yield [Buffer.concat(rest)]
}
