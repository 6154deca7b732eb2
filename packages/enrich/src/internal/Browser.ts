/** Which browser, from user agent and client hints. */
import { browserName } from "./BrowserName.ts"
import { type Hints, isGeneric } from "./ClientHints.ts"
import { type Named, nothing, type Parsed } from "./UserAgentParser.ts"

const toldBrowser = ({ browser }: Parsed): Named => {
  const name = browserName(browser.name)
  return name === undefined ? nothing : { name, version: browser.version }
}

/** The hinted brand wins, unless it is only the engine or frame of the one that the user agent names. */
export const browserOf = (parsed: Parsed, hints: Hints): Named => {
  const { brand } = hints
  const told = toldBrowser(parsed)
  if (brand === undefined || (isGeneric(brand) && told.name !== undefined)) return told
  const name = browserName(brand.name)
  return { name, version: brand.version ?? (name === told.name ? told.version : undefined) }
}
