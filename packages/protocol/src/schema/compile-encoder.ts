/**
 * Turns a plan into the text of a function that encodes it: straight-line code that writes into the writer's buffer itself.
 * Room is asked for once a run: the fields of fixed size in a row, and the length in front of what comes behind them.
 * What is wrong is not said here: the code throws `unfit`, and the interpreter is asked to find the place.
 */
import type { FieldPlan, StructPlan, TypePlan } from './plan.ts'
import { fixedBytes } from './plan.ts'
import { SourceCode } from './source-code.ts'
import { emitSteps, type Step } from './step.ts'

export function encoderSource(plan: StructPlan, name: string): string {
  return new EncoderSource(name).function(plan)
}

class EncoderSource {
  readonly #code = new SourceCode([
    ...['at', 'buffer', 'limit', 'noBytes', 'unfit', 'value', 'view', 'writeInt64', 'writeRecords', 'writeText'],
    ...['writeUnsignedVarint', 'writeUuid', 'writer'],
  ])
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  function(plan: StructPlan): string {
    const code = this.#code
    code.block(`function ${this.#name}(value, writer)`, () => {
      code.line('let buffer = writer.buffer, view = writer.view, limit = buffer.length, at = writer.position')
      this.#struct(plan, 'value')
      code.line('writer.position = at')
    })
    return code.toString()
  }

  #struct(plan: StructPlan, variable: string): void {
    const steps: Step[] = []
    this.#structSteps(plan, variable, steps)
    this.#run(steps)
  }

  #structSteps(plan: StructPlan, struct: string, steps: Step[]): void {
    const code = this.#code
    code.line(`if (typeof ${struct} !== 'object' || ${struct} === null) throw unfit`)
    const tagged: { field: FieldPlan; variable: string; isSet: string }[] = []
    for (const field of plan.fields) {
      if (!field.present && field.ignorable) continue
      const variable = code.unique(field.name)
      if (!field.present) {
        code.line(`const ${variable} = ${struct}.${field.name}`)
        code.line(`if (!(${defaultTest(field, variable)})) throw unfit`)
      } else if (field.tag !== null) {
        const isSet = code.unique(`${field.name}IsSet`)
        code.line(`const ${variable} = ${struct}.${field.name}`)
        code.line(`const ${isSet} = !(${defaultTest(field, variable)})`)
        tagged.push({ field, variable, isSet })
      } else {
        code.line(`let ${variable} = ${struct}.${field.name}`)
        code.line(`if (${variable} === undefined) ${variable} = ${defaultLiteral(field)}`)
        if (field.type.kind === 'struct' && !field.nullable) this.#structSteps(field.type, variable, steps)
        else steps.push(this.#step(field.type, field.nullable, variable))
      }
    }
    if (plan.flexible) steps.push(this.#tagStep(tagged.toSorted((a, b) => (a.field.tag ?? 0) - (b.field.tag ?? 0))))
  }

  #run(steps: readonly Step[]): void {
    emitSteps(this.#code, steps, bytes => {
      if (bytes > 0) this.#ensure(String(bytes))
    })
  }

  #ensure(bytes: string): void {
    this.#code.block(`if (limit - at < ${bytes})`, () => {
      this.#code.line('writer.position = at')
      this.#code.line(`writer.ensure(${bytes})`)
      this.#reload()
    })
  }

  #reload(): void {
    this.#code.line('buffer = writer.buffer')
    this.#code.line('view = writer.view')
    this.#code.line('limit = buffer.length')
  }

  #step(type: TypePlan, nullable: boolean, variable: string): Step {
    const bytes = fixedBytes[type.kind]
    if (bytes !== undefined) {
      return { bytes, fixed: true, emit: at => this.#fixed(type.kind, variable, at) }
    }
    if (type.kind === 'struct') {
      return { bytes: nullable ? 1 : 0, fixed: false, emit: () => this.#nullableStruct(type, variable) }
    }
    const compact = type.compact
    // Strings ask for room of their own: theirs depends on the value.
    const prefix = compact ? 5 : type.kind === 'string' ? 2 : 4
    return {
      bytes: prefix,
      fixed: false,
      emit: () => {
        if (nullable) {
          this.#code.block(`if (${variable} === null)`, () => this.#null(compact, prefix))
          this.#code.block('else', () => this.#variable(type, variable, compact))
        } else {
          this.#variable(type, variable, compact)
        }
      },
    }
  }

  #null(compact: boolean, prefix: number): void {
    if (compact) {
      this.#code.line('buffer[at++] = 0')
    } else {
      this.#code.line(`view.setInt${prefix * 8}(at, -1)`)
      this.#code.line(`at += ${prefix}`)
    }
  }

  #fixed(kind: TypePlan['kind'], variable: string, at: string): void {
    const code = this.#code
    switch (kind) {
      case 'bool':
        code.line(`if (${variable} !== true && ${variable} !== false) throw unfit`)
        code.line(`buffer[${at}] = ${variable} ? 1 : 0`)
        break
      case 'uuid':
        code.line(`if (!writeUuid(buffer, ${at}, ${variable})) throw unfit`)
        break
      case 'int64':
        code.line(`if (typeof ${variable} !== 'number' || ${variable} !== Math.floor(${variable})) throw unfit`)
        code.line(`writeInt64(view, ${at}, ${variable})`)
        break
      default:
        code.line(`if (${unfitTest(kind, variable)}) throw unfit`)
        code.line(`view.set${kind[0]?.toUpperCase()}${kind.slice(1)}(${at}, ${variable})`)
    }
  }

  /** A value that is not null. */
  #variable(type: TypePlan, variable: string, compact: boolean): void {
    const code = this.#code
    switch (type.kind) {
      case 'string':
        code.line(`if (typeof ${variable} !== 'string') throw unfit`)
        this.#ensure(`5 + ${variable}.length * 3`)
        code.line(`at = writeText(buffer, at, ${variable}, ${compact})`)
        code.line('if (at < 0) throw unfit')
        break
      case 'bytes':
        code.line(`if (!(${variable} instanceof Uint8Array)) throw unfit`)
        this.#ensure(`5 + ${variable}.length`)
        this.#length(`${variable}.length`, compact)
        code.line(`buffer.set(${variable}, at)`)
        code.line(`at += ${variable}.length`)
        break
      case 'records':
        code.line('writer.position = at')
        code.line(`writeRecords(writer, ${variable}, ${compact})`)
        code.line('at = writer.position')
        this.#reload()
        break
      case 'array':
        this.#elements(type.element, variable, compact)
    }
  }

  /** There is room for it. */
  #length(expression: string, compact: boolean): void {
    if (compact) {
      this.#code.line(`at = writeUnsignedVarint(buffer, at, ${expression} + 1)`)
    } else {
      this.#code.line(`view.setInt32(at, ${expression})`)
      this.#code.line('at += 4')
    }
  }

  #elements(element: TypePlan, variable: string, compact: boolean): void {
    const code = this.#code
    const index = code.unique('i')
    const of = code.unique('element')
    code.line(`if (!Array.isArray(${variable})) throw unfit`)
    this.#length(`${variable}.length`, compact)
    const bytes = fixedBytes[element.kind]
    if (bytes !== undefined) this.#ensure(`${variable}.length * ${bytes}`)
    code.block(`for (let ${index} = 0; ${index} < ${variable}.length; ${index}++)`, () => {
      code.line(`const ${of} = ${variable}[${index}]`)
      if (bytes !== undefined) {
        this.#fixed(element.kind, of, 'at')
        code.line(`at += ${bytes}`)
      } else if (element.kind === 'struct') {
        this.#struct(element, of)
      } else {
        this.#run([this.#step(element, false, of)])
      }
    })
  }

  #nullableStruct(type: StructPlan, variable: string): void {
    this.#code.block(`if (${variable} === null)`, () => this.#code.line('view.setInt8(at++, -1)'))
    this.#code.block('else', () => {
      this.#code.line('buffer[at++] = 1')
      this.#struct(type, variable)
    })
  }

  #tagStep(tagged: readonly { field: FieldPlan; variable: string; isSet: string }[]): Step {
    const code = this.#code
    if (tagged.length === 0) return { bytes: 1, fixed: true, emit: at => code.line(`buffer[${at}] = 0`) }
    const emit = () => {
      // There are never more than a handful: the count takes one byte.
      code.line(`buffer[at++] = ${tagged.map(({ isSet }) => `(${isSet} ? 1 : 0)`).join(' + ')}`)
      for (const { field, variable, isSet } of tagged) {
        code.block(`if (${isSet})`, () => this.#taggedField(field, variable))
      }
    }
    return { bytes: 1, fixed: false, emit }
  }

  #taggedField(field: FieldPlan, variable: string): void {
    const code = this.#code
    const place = code.unique('place')
    this.#ensure('6')
    code.line(`at = writeUnsignedVarint(buffer, at, ${field.tag})`)
    code.line(`const ${place} = at++`)
    if (field.type.kind === 'struct' && !field.nullable) this.#struct(field.type, variable)
    else this.#run([this.#step(field.type, field.nullable, variable)])
    code.line('writer.position = at')
    code.line(`writer.closeSized(${place})`)
    code.line('at = writer.position')
    this.#reload()
  }
}

function unfitTest(kind: TypePlan['kind'], variable: string): string {
  switch (kind) {
    case 'int8':
      return `${variable} !== (${variable} << 24) >> 24`
    case 'int16':
      return `${variable} !== (${variable} << 16) >> 16`
    case 'uint16':
      return `${variable} !== (${variable} & 65535)`
    case 'int32':
      return `${variable} !== (${variable} | 0)`
    case 'uint32':
      return `${variable} !== ${variable} >>> 0`
    default:
      return `typeof ${variable} !== 'number'`
  }
}

/** Source text of what stands for a value that was left out. */
function defaultLiteral(field: FieldPlan): string {
  if (field.default === null) return 'null'
  switch (field.type.kind) {
    case 'struct':
      return '{}'
    case 'array':
      return '[]'
    case 'bytes':
      return 'noBytes'
    default:
      return typeof field.default === 'string' ? JSON.stringify(field.default) : String(field.default)
  }
}

/** The text of `isDefault` for one field. */
function defaultTest(field: FieldPlan, expression: string): string {
  if (field.default === null) return `${expression} === undefined || ${expression} === null`
  const type = field.type
  switch (type.kind) {
    case 'struct': {
      const all = type.fields.map(field => `(${defaultTest(field, `${expression}.${field.name}`)})`)
      return `${expression} === undefined || ${[`typeof ${expression} === 'object'`, `${expression} !== null`, ...all].join(' && ')}`
    }
    case 'array':
    case 'bytes':
      return `${expression} === undefined || ${expression} !== null && ${expression}.length === 0`
    default:
      return `${expression} === undefined || ${expression} === ${defaultLiteral(field)}`
  }
}
