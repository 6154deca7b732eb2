/** Reads Prometheus's text exposition format line by line, and stops at the first line that breaks its rules. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  /** By the name of the sample and its labels, as they stand on the line. */
  readonly samples: Map<string, number>
}

const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`
const sample = new RegExp(String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{${label}(?:,${label})*\})? (\S+)$`)
const number = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/
const suffixes = new Map([["histogram", ["_bucket", "_sum", "_count"]]])

const checkHistogram = ({ name, samples }: Family) => {
  const buckets = new Map<string, Array<readonly [bound: number, count: number]>>()
  for (const [series, count] of samples) {
    const bound = /[{,]le="([^"]+)"/.exec(series)
    if (bound === null) continue
    const rest = series.slice(name.length + "_bucket".length).replace(/,?le="[^"]+"/, "").replace("{}", "")
    const at = bound[1] === "+Inf" ? Infinity : Number(bound[1])
    buckets.set(rest, [...buckets.get(rest) ?? [], [at, count]])
  }
  for (const [labels, counts] of buckets) {
    const isCumulative = counts.every(([bound, count], nth) => {
      const before = counts[nth - 1]
      return before === undefined || (before[0] < bound && before[1] <= count)
    })
    const last = counts.at(-1)
    if (!isCumulative || last?.[0] !== Infinity || last[1] !== samples.get(`${name}_count${labels}`)) {
      throw new Error(`The buckets of ${name}${labels} do not add up`)
    }
  }
  if (buckets.size === 0) throw new Error(`The histogram ${name} has no buckets`)
}

export const parseExposition = (text: string): Map<string, Family> => {
  if (!text.endsWith("\n")) throw new Error("The last line must end with a line feed")
  const families = new Map<string, Family>()
  let help: readonly [name: string, text: string] | undefined
  let family: Family | undefined
  for (const line of text.slice(0, -1).split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (keyword === "HELP") help = [name, rest]
    else if (keyword === "TYPE") {
      if (families.has(name) || !/^(counter|gauge|histogram|summary)$/.test(rest)) throw new Error(line)
      family = { name, help: help?.[0] === name ? help[1] : "", type: rest, samples: new Map() }
      families.set(name, family)
    } else {
      const [, base = "", labels = "", value = ""] = sample.exec(line) ?? []
      if (family === undefined) throw new Error(`A sample without a TYPE: ${line}`)
      const { name, samples } = family
      const names = (suffixes.get(family.type) ?? [""]).map((suffix) => name + suffix)
      if (!names.includes(base) || !number.test(value) || samples.has(base + labels)) throw new Error(line)
      samples.set(base + labels, Number(value.replace("Inf", "Infinity")))
    }
  }
  for (const family of families.values()) if (family.type === "histogram") checkHistogram(family)
  return families
}
