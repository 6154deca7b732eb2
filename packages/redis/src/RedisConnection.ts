/** Corrects ioredis where it ignores an error that matters, or ends the process over one that does not. */
import { Predicate } from "effect"
import { Cluster, type Redis } from "ioredis"

/** A server that refuses the database is tried again later: ioredis would go on, and write into another one. */
export const insistOnDatabase = (client: Redis | Cluster): void => {
  client.on("error", (error: unknown) => {
    if (
      Predicate.hasProperty(error, "command") && Predicate.hasProperty(error.command, "name") &&
      error.command.name === "select"
    ) client.disconnect(true)
  })
}

const forgive = (node: Redis): void => {
  const ask = node.asking.bind(node)
  node.asking = () => {
    const asked = ask()
    asked.catch(() => {})
    return asked
  }
}

/**
 * While a slot is on its way to another node, ioredis sends ASKING before the command and reads only the command's answer: a
 * refused ASKING is an unhandled rejection, which ends the process.
 */
export const forgiveAsking = (client: Redis | Cluster): Redis | Cluster => {
  if (!(client instanceof Cluster)) return client
  client.nodes().forEach(forgive)
  return client.on("+node", forgive)
}
