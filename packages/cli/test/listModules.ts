/** For `--import`: writes the URLs of all modules that the process loads into the file that `LISTED_MODULES` names. */
import { appendFileSync } from "node:fs"
import { registerHooks } from "node:module"
import process from "node:process"

registerHooks({
  load: (url, context, nextLoad) => {
    appendFileSync(process.env["LISTED_MODULES"]!, `${url}\n`)
    return nextLoad(url, context)
  }
})
