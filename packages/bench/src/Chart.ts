/** The ratios as a bar chart: how many times as good as what it is compared with, on a logarithmic scale. */
import { inUnit, isReached } from "./Report.ts"
import type { Measured } from "./Scenario.ts"

const width = 960
const labelWidth = 470
const barHeight = 18
const gap = 10
const top = 46
const plot = width - labelWidth - 90

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** Where less is better, the inverse is drawn, so that longer is always better. */
const better = (measured: Measured): number =>
  measured.target !== undefined && "atMost" in measured.target ? 1 / measured.median : measured.median

const goal = ({ target }: Measured): number | undefined =>
  target === undefined ? undefined : "atLeast" in target ? target.atLeast : 1 / target.atMost

/** Those with a target that are ratios; the others cannot share an axis. */
export const chart = (all: ReadonlyArray<Measured>): string => {
  const shown = all.filter(({ target, unit }) => unit === "ratio" && target !== undefined)
  const values = shown.flatMap((of) => [better(of), goal(of) ?? 1])
  const least = Math.floor(Math.log10(Math.min(1, ...values)))
  const most = Math.ceil(Math.log10(Math.max(1, ...values)))
  const x = (value: number) => labelWidth + plot * (Math.log10(value) - least) / (most - least)
  const height = top + shown.length * (barHeight + gap) + 30
  const decades = Array.from({ length: most - least + 1 }, (_, at) => 10 ** (least + at))
  const bars = shown.map((of, nth) => {
    const y = top + nth * (barHeight + gap)
    const [from, to] = [Math.min(x(1), x(better(of))), Math.max(x(1), x(better(of)))]
    return `<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${escaped(of.title)}</text>` +
      `<rect x="${from.toFixed(1)}" y="${y}" width="${(to - from).toFixed(1)}" height="${barHeight}" class="${
        isReached(of) === true ? "reached" : "missed"
      }"/>` +
      `<line x1="${x(goal(of)!).toFixed(1)}" x2="${x(goal(of)!).toFixed(1)}" y1="${y - 3}" y2="${
        y + barHeight + 3
      }" class="goal"/>` +
      `<text x="${(Math.max(to, x(goal(of)!)) + 6).toFixed(1)}" y="${y + 13}">${inUnit(of.median, of)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="11">
<title>Sojourn beside others: median ratios</title>
<style>
rect.back { fill: #fff } text { fill: #1f2328 } line.axis { stroke: #d1d9e0 }
line.goal { stroke: #1f2328; stroke-width: 2 } rect.reached { fill: #1a7f64 } rect.missed { fill: #c4432b }
</style>
<rect class="back" width="${width}" height="${height}"/>
<text x="12" y="18" font-size="14" font-weight="bold">How many times as good, logarithmic; the mark is the target</text>
${
    decades.map((at) =>
      `<line class="axis" x1="${x(at).toFixed(1)}" x2="${x(at).toFixed(1)}" y1="${top - 10}" y2="${height - 24}"/>` +
      `<text x="${x(at).toFixed(1)}" y="${height - 8}" text-anchor="middle">${at} ×</text>`
    ).join("\n")
  }
${bars.join("\n")}
</svg>
`
}
