/**
 * Turns a plan into the text of a function that decodes it: straight-line code, one loop an array, in which every field has a
 * variable and every struct is one object literal, so that all versions of a message share a hidden class.
 *
 * Bytes are checked once a run: the fields of fixed size in a row, and the first byte or bytes of what comes behind them.
 * What is wrong is not said here: the code throws `malformed`, and the interpreter is asked to find the place.
 */
import type { FieldPlan, ScalarPlan, StructPlan, TypePlan } from './plan.ts'
import { fixedBytes, typeMinBytes, wordsOf } from './plan.ts'
import { SourceCode } from './source-code.ts'
import { emitSteps, type Step } from './step.ts'

export function decoderSource(plan: StructPlan, name: string): string {
  return new DecoderSource(name).function(plan)
}

class DecoderSource {
  readonly #code = new SourceCode([
    ...[
      'at',
      'buffer',
      'end',
      'length',
      'malformed',
      'noBytes',
      'readText',
      'readUuid',
      'reader',
      'size',
      'tag',
      'view',
    ],
    'words',
  ])
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  function(plan: StructPlan): string {
    const code = this.#code
    code.block(`function ${this.#name}(reader)`, () => {
      code.line('const buffer = reader.buffer, view = reader.view, end = reader.end')
      code.line('let at = reader.position, words = reader.wordsLeft, length = 0, tag = 0, size = 0')
      const value = this.#struct(plan)
      code.line('reader.position = at')
      code.line('reader.wordsLeft = words')
      code.line(`return ${value}`)
    })
    return code.toString()
  }

  /** Code that reads a struct's fields into variables; returns the expression that puts them together. */
  #struct(plan: StructPlan): string {
    const steps: Step[] = []
    const value = this.#structSteps(plan, steps)
    this.#run(steps)
    return value
  }

  #structSteps(plan: StructPlan, steps: Step[]): string {
    const properties: string[] = []
    const tagged = new Map<FieldPlan, string>()
    for (const field of plan.fields) {
      const variable = this.#code.unique(field.name)
      if (!field.present) {
        properties.push(`${field.name}: ${defaultLiteral(field)}`)
      } else if (field.tag !== null) {
        tagged.set(field, variable)
        properties.push(`${field.name}: ${variable}`)
      } else if (field.type.kind === 'struct' && !field.nullable) {
        properties.push(`${field.name}: ${this.#structSteps(field.type, steps)}`)
      } else {
        steps.push(this.#step(field.type, field.nullable, variable))
        properties.push(`${field.name}: ${variable}`)
      }
    }
    if (plan.flexible) steps.push({ bytes: 1, fixed: false, emit: at => this.#tags(at, tagged) })
    return `{ ${properties.join(', ')} }`
  }

  #run(steps: readonly Step[]): void {
    emitSteps(this.#code, steps, bytes => this.#code.line(`if (end - at < ${bytes}) throw malformed`))
  }

  #step(type: TypePlan, nullable: boolean, variable: string): Step {
    const bytes = fixedBytes[type.kind]
    if (bytes !== undefined) {
      return {
        bytes,
        fixed: true,
        emit: at => this.#code.line(`const ${variable} = ${fixedExpression(type.kind, at)}`),
      }
    }
    if (type.kind === 'struct') {
      return { bytes: nullable ? 1 : 0, fixed: false, emit: () => this.#nullableStruct(type, variable) }
    }
    const compact = type.compact
    const prefix = compact ? 1 : type.kind === 'string' ? 2 : 4
    return {
      bytes: prefix,
      fixed: false,
      emit: () => {
        this.#code.line(`let ${variable} = null`)
        this.#length(prefix)
        this.#code.block('if (length >= 0)', () => {
          if (type.kind === 'array') this.#elements(type.element, variable)
          else this.#bytes(type, variable)
        })
        if (!nullable) this.#code.line('else throw malformed')
      },
    }
  }

  #length(prefix: 1 | 2 | 4): void {
    if (prefix === 1) {
      this.#varint('length')
      this.#code.line('length -= 1')
    } else {
      this.#code.line(`length = view.getInt${prefix * 8}(at)`)
      this.#code.line(`at += ${prefix}`)
    }
  }

  /** The first byte is known to be there. */
  #varint(variable: string): void {
    this.#code.line(`${variable} = buffer[at++]`)
    this.#code.block(`if (${variable} > 127)`, () => {
      this.#code.line('reader.position = at - 1')
      this.#code.line(`${variable} = reader.unsignedVarint()`)
      this.#code.line('at = reader.position')
    })
  }

  #bytes(type: ScalarPlan, variable: string): void {
    if (type.kind === 'string') {
      this.#code.line('if (length > end - at || length > 32767) throw malformed')
      this.#code.line(`${variable} = readText(buffer, at, length)`)
    } else {
      this.#code.line('if (length > end - at) throw malformed')
      this.#code.line(`${variable} = buffer.subarray(at, at + length)`)
    }
    this.#code.line('at += length')
  }

  #elements(element: TypePlan, variable: string): void {
    const code = this.#code
    const index = code.unique('i')
    const count = code.unique('count')
    code.line(`const ${count} = length`)
    code.line(
      `if (${count} * ${typeMinBytes(element)} > end - at || (words -= ${count} * ${wordsOf(element)}) < 0) throw malformed`,
    )
    code.line(`${variable} = []`)
    code.block(`for (let ${index} = 0; ${index} < ${count}; ${index}++)`, () => {
      const bytes = fixedBytes[element.kind]
      if (bytes !== undefined) {
        // The count was checked to fit, so all of them are there.
        code.line(`${variable}.push(${fixedExpression(element.kind, 'at')})`)
        code.line(`at += ${bytes}`)
      } else if (element.kind === 'struct') {
        code.line(`${variable}.push(${this.#struct(element)})`)
      } else {
        const of = code.unique('element')
        this.#run([this.#step(element, false, of)])
        code.line(`${variable}.push(${of})`)
      }
    })
  }

  #nullableStruct(type: StructPlan, variable: string): void {
    this.#code.line(`let ${variable} = null`)
    this.#code.block('if (view.getInt8(at++) >= 0)', () => {
      this.#code.line(`${variable} = ${this.#struct(type)}`)
    })
  }

  #tags(at: string, tagged: ReadonlyMap<FieldPlan, string>): void {
    const code = this.#code
    if (tagged.size === 0) {
      code.line(`if (buffer[${at}] === 0) at += 1`)
      code.block('else', () => {
        code.line('reader.position = at')
        code.line('reader.skipTags()')
        code.line('at = reader.position')
      })
      return
    }
    for (const [field, variable] of tagged) code.line(`let ${variable} = ${defaultLiteral(field)}`)
    const count = code.unique('count')
    code.line(`let ${count} = 0`)
    this.#varint(count)
    code.block(`for (; ${count} > 0; ${count}--)`, () => {
      code.line('if (end - at < 2) throw malformed')
      this.#varint('tag')
      code.line('if (end - at < 1) throw malformed')
      this.#varint('size')
      code.line('if (size > end - at) throw malformed')
      const behind = code.unique('behind')
      code.line(`const ${behind} = at + size`)
      code.block('switch (tag)', () => {
        for (const [field, variable] of tagged) this.#taggedField(field, variable, behind)
        code.line(`default: at = ${behind}`)
      })
    })
  }

  #taggedField(field: FieldPlan, variable: string, behind: string): void {
    this.#code.block(`case ${field.tag}:`, () => {
      if (field.type.kind === 'struct' && !field.nullable) {
        this.#code.line(`${variable} = ${this.#struct(field.type)}`)
      } else {
        const of = this.#code.unique(field.name)
        this.#run([this.#step(field.type, field.nullable, of)])
        this.#code.line(`${variable} = ${of}`)
      }
      this.#code.line(`if (at !== ${behind}) throw malformed`)
      this.#code.line('break')
    })
  }
}

function fixedExpression(kind: TypePlan['kind'], at: string): string {
  switch (kind) {
    case 'bool':
      return `buffer[${at}] !== 0`
    case 'int64':
      return `view.getInt32(${at}) * 4294967296 + view.getUint32(${at} + 4)`
    case 'uuid':
      return `readUuid(buffer, view, ${at})`
    default:
      return `view.get${kind[0]?.toUpperCase()}${kind.slice(1)}(${at})`
  }
}

/** Source text of a field's default; structs and arrays are new ones each time. */
function defaultLiteral(field: FieldPlan): string {
  if (field.default === null) return 'null'
  const type = field.type
  switch (type.kind) {
    case 'struct':
      return `{ ${type.fields.map(field => `${field.name}: ${defaultLiteral(field)}`).join(', ')} }`
    case 'array':
      return '[]'
    case 'bytes':
      return 'noBytes'
    default:
      return typeof field.default === 'string' ? JSON.stringify(field.default) : String(field.default)
  }
}
