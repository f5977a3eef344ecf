/** The measurements as an aligned table: medians, ratios, the bar, and whether it is reached. */
import type { Bar, Measurements, Metric } from './measurements.ts'

const header = ['', 'Kafka', 'bare loop', 'Odradek', 'to Kafka', 'to bare loop', 'bar', ''] as const

export function formatTable(measurements: Measurements): string {
  const rows = measurements.metrics.map(metric => row(measurements, metric))
  const lines = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  return lines
    .map(line =>
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 || column >= 6 ? cell.padEnd(width) : cell.padStart(width)
}

function row(measurements: Measurements, metric: Metric): string[] {
  const kafka = measurements.median(metric, 'kafka')
  const bareLoop = measurements.median(metric, 'bare loop')
  const odradek = measurements.median(metric, 'odradek')
  return [
    `${metric.name} (${metric.unit})`,
    number(kafka, metric.decimals),
    number(bareLoop, metric.decimals),
    number(odradek, metric.decimals),
    ratio(odradek / kafka),
    ratio(odradek / bareLoop),
    metric.bar === undefined ? '' : describeBar(metric.bar),
    metric.bar === undefined ? '' : verdict(metric.bar, { kafka, bareLoop, odradek }),
  ]
}

function number(value: number, decimals: number): string {
  if (Number.isNaN(value)) return ''
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

function ratio(value: number): string {
  return Number.isNaN(value) ? '' : `${value.toFixed(2)} x`
}

function describeBar({ ofKafka, ofBareLoop, absolute, direction }: Bar): string {
  const parts = [
    ofKafka === undefined ? [] : [`${ofKafka} x Kafka`],
    ofBareLoop === undefined ? [] : [`${ofBareLoop} x bare loop`],
    absolute === undefined ? [] : [absolute.toLocaleString('en-US')],
  ]
  return `${direction === 'at least' ? '>=' : '<='} ${parts.flat().join(', ')}`
}

function verdict(bar: Bar, medians: { kafka: number; bareLoop: number; odradek: number }): string {
  const limits = [
    bar.ofKafka === undefined ? [] : [bar.ofKafka * medians.kafka],
    bar.ofBareLoop === undefined ? [] : [bar.ofBareLoop * medians.bareLoop],
    bar.absolute === undefined ? [] : [bar.absolute],
  ].flat()
  const reached = limits.every(limit =>
    bar.direction === 'at least' ? medians.odradek >= limit : medians.odradek <= limit,
  )
  return reached ? 'reached' : 'MISSED'
}
