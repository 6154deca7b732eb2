/** Commands that are sent at the same moment leave in one write to the socket, which is what most of a command costs. */
import { Cluster, type Redis } from "ioredis"

/**
 * To be called before a command is sent. What is sent until the event loop has done what there is to do is held back, and
 * leaves together; every command stays one of its own, with its own answer, and none waits for another's, as they do in
 * ioredis's automatic pipelines.
 *
 * With a Cluster it does nothing: that has a connection to each node, and sends a command again where a slot moved.
 */
export const make = (client: Redis | Cluster): () => void => {
  if (client instanceof Cluster) return () => {}
  let isHeld = false
  return () => {
    // Without a connection there is no stream.
    const stream: Redis["stream"] | undefined = client.stream
    if (isHeld || stream === undefined) return
    isHeld = true
    stream.cork()
    setImmediate(() => {
      isHeld = false
      stream.uncork()
    })
  }
}
