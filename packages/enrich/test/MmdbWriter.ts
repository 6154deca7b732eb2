/** Writes small MaxMind databases. See the MaxMind DB File Format Specification, version 2.0. */
import { IpNetwork, NetAddress } from "effect/net"

/** What the writer can encode; numbers become unsigned 32-bit integers. */
export type Value = string | number | ReadonlyArray<Value> | { readonly [key: string]: Value }

type Node = [Child, Child]
type Child = Node | number | undefined

const separator = Buffer.alloc(16)
const metadataMarker = Buffer.from("abcdef4d61784d696e642e636f6d", "hex")

const control = (type: number, size: number): Buffer => {
  const extended = type > 7
  const sizeBits = size < 29 ? size : 29
  const bytes = [(extended ? 0 : type << 5) | sizeBits, ...(extended ? [type - 7] : [])]
  return Buffer.from(size < 29 ? bytes : [...bytes, size - 29])
}

const encode = (value: Value): Buffer => {
  if (typeof value === "string") {
    const text = Buffer.from(value)
    return Buffer.concat([control(2, text.length), text])
  }
  if (typeof value === "number") {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([control(6, 4), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)])
  const entries = Object.entries(value)
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([key, item]) => [encode(key), encode(item)])])
}

const bits = (network: IpNetwork.IpNetwork, ipVersion: 4 | 6): ReadonlyArray<number> => {
  const octets = NetAddress.isIpv4Address(network.address)
    ? [...(ipVersion === 6 ? Array<number>(12).fill(0) : []), ...NetAddress.ipv4ToOctets(network.address)]
    : NetAddress.ipv6ToOctets(network.address)
  const prefix = NetAddress.isIpv4Address(network.address) && ipVersion === 6 ? 96 : 0
  return octets.flatMap((octet) => Array.from({ length: 8 }, (_, at) => (octet >> (7 - at)) & 1)).slice(
    0,
    prefix + network.prefixLength
  )
}

const insert = (root: Node, path: ReadonlyArray<number>, offset: number) => {
  let node = root
  for (const bit of path.slice(0, -1)) {
    const child = node[bit]
    const next: Node = Array.isArray(child) ? child : [child, child]
    node[bit] = next
    node = next
  }
  node[path.at(-1)!] = offset
}

const record = (value: number, recordSize: 24 | 32): Buffer => {
  const bytes = Buffer.alloc(recordSize / 8)
  bytes.writeUIntBE(value, 0, recordSize / 8)
  return bytes
}

/** A database of these networks, broad ones first. */
export const write = (
  networks: Readonly<Record<string, Value>>,
  { ipVersion = 6, recordSize = 24 }: { readonly ipVersion?: 4 | 6; readonly recordSize?: 24 | 32 } = {}
): Buffer => {
  const root: Node = [undefined, undefined]
  const data: Array<Buffer> = []
  for (const [network, value] of Object.entries(networks)) {
    insert(root, bits(IpNetwork.fromStringUnsafe(network), ipVersion), Buffer.concat(data).length)
    data.push(encode(value))
  }
  const nodes = [root]
  for (const node of nodes) for (const child of node) if (Array.isArray(child)) nodes.push(child)
  const numbers = new Map(nodes.map((node, number) => [node, number]))
  const pointer = (child: Child) =>
    child === undefined ? nodes.length : Array.isArray(child) ? numbers.get(child)! : nodes.length + 16 + child
  return Buffer.concat([
    ...nodes.flatMap((node) => node.map((child) => record(pointer(child), recordSize))),
    separator,
    ...data,
    metadataMarker,
    encode({
      binary_format_major_version: 2,
      binary_format_minor_version: 0,
      build_epoch: 1_750_000_000,
      database_type: "Test",
      description: { en: "For tests" },
      ip_version: ipVersion,
      languages: ["en"],
      node_count: nodes.length,
      record_size: recordSize
    })
  ])
}
