/** What ioredis lets pass on its connections, and must not; and what it does not let pass, and could. */
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
 * Where a slot is on its way to another node, ioredis asks for leave before the command and looks at the command's answer
 * alone: what went wrong with the asking, nobody waits for, and that would end the process.
 */
export const forgiveAsking = (client: Redis | Cluster): Redis | Cluster => {
  if (!(client instanceof Cluster)) return client
  client.nodes().forEach(forgive)
  return client.on("+node", forgive)
}
