/** Login sessions for Effect applications. */
export * from "@sojourn/core"
export * as Sojourn from "./Sojourn.ts"
