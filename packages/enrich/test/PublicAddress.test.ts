import { assert, describe, it } from "@effect/vitest"
import { LocationEnricherMaxmind } from "@sojourn/enrich"
import { Effect, Layer, Schema } from "effect"
import { IpNetwork, NetAddress } from "effect/net"
import { databasePath, logged, place, replace } from "./locations.ts"
import * as MmdbWriter from "./MmdbWriter.ts"

/** A database that knows every address there is, so that "none" means that it was not asked. */
const everywhere = Layer.unwrap(Effect.gen(function*() {
  const database = yield* databasePath
  yield* replace(database, MmdbWriter.write({ "::/1": { country_code: "US" }, "8000::/1": { country_code: "US" } }))
  return LocationEnricherMaxmind.layer({ database })
}))

const special = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/32",
  "2001:2::/48",
  "2001:10::/28",
  "2001:20::/28",
  "2001:db8::/32",
  "3fff::/20",
  "4000::/3",
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
  // IPv4 inside IPv6: NAT64 and 6to4 with private and loopback addresses
  "64:ff9b::10.0.0.0/104",
  "64:ff9b::127.0.0.0/104",
  "64:ff9b::192.168.0.0/112",
  "2002:a00::/24",
  "2002:7f00::/24",
  "2002:c0a8::/32"
].map(IpNetwork.fromStringUnsafe)

/** The address of the network whose other bits are those of `random`. */
const within = (network: IpNetwork.IpNetwork, random: ReadonlyArray<number>): NetAddress.IpAddress => {
  const isIpv4 = NetAddress.isIpv4Address(network.address)
  const start = isIpv4 ? NetAddress.ipv4ToOctets(network.address) : NetAddress.ipv6ToOctets(network.address)
  const octets = Uint8Array.from(start, (octet, at) => {
    const free = 0xff >> Math.min(8, Math.max(0, network.prefixLength - at * 8))
    return octet | (random[at]! & free)
  })
  return isIpv4 ? NetAddress.ipv4FromBytesUnsafe(octets) : NetAddress.ipv6FromBytesUnsafe(octets)
}

const Octet = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
const octets = Schema.Array(Octet).check(Schema.isMinLength(16), Schema.isMaxLength(16))
const network = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: special.length - 1 }))

describe("which addresses are looked up", () => {
  it.layer(everywhere)((it) => {
    it.effect.prop(
      "L1 no address of a special range, in any notation",
      { network, octets },
      ({ network, octets }) =>
        Effect.gen(function*() {
          const address = within(special[network]!, octets)
          assert.isNull(yield* place(NetAddress.formatIp(address)))
          assert.isNull(yield* place(`${NetAddress.formatIp(address)}%eth0`))
          if (NetAddress.isIpv4Address(address)) {
            assert.isNull(yield* place(`::ffff:${NetAddress.formatIp(address)}`))
            assert.isNull(yield* place(NetAddress.formatIp(NetAddress.toIpv4Mapped(address)).toUpperCase()))
          }
        }),
      { arbitrary: { runs: 1000 } }
    )

    it.effect("L1 neither the first nor the last of any special range", () =>
      Effect.gen(function*() {
        for (const range of special) {
          assert.isNull(yield* place(NetAddress.formatIp(IpNetwork.firstAddress(range))), IpNetwork.format(range))
          assert.isNull(yield* place(NetAddress.formatIp(IpNetwork.lastAddress(range))), IpNetwork.format(range))
        }
      }))

    it.effect.each([
      "1.0.0.0",
      "8.8.8.8",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "169.253.255.255",
      "172.15.255.255",
      "172.32.0.0",
      "192.0.1.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "198.20.0.0",
      "223.255.255.255",
      "::ffff:8.8.8.8",
      "::FFFF:808:808",
      "2001:200::",
      "2001:4860:4860::8888",
      "2001:db9::",
      "2600::1",
      "2606:4700:4700::1111%en0",
      "3ffe:ffff::",
      "64:ff9b::8.8.8.8",
      "2002:808:808::1"
    ])("L1 but %s, which is public", (address) => Effect.map(place(address), (name) => assert.strictEqual(name, "US")))

    it.effect.each(["", " ", "%", "%eth0", "\u0000"])(
      "L2 nothing in %j",
      (input) => Effect.map(place(input), (name) => assert.isNull(name))
    )

    it.effect.each([
      "testclient",
      "8.8.8.8:443",
      "[2600::1]",
      "[2600::1]:443",
      " 8.8.8.8",
      "8.8.8.8 ",
      "8.8.8",
      "8.8.8.8.8",
      "08.8.8.8",
      "256.8.8.8",
      "134744072",
      "0x8.8.8.8",
      "8.8.8.8/32",
      "2600::1::2",
      "2600:::1",
      "g600::1",
      "8.8.8.8,1.1.1.1",
      "8.8.8.8\u00008",
      "８.８.８.８",
      "unknown",
      "_hidden",
      "null",
      "8".repeat(1_000_000),
      ":".repeat(1_000_000)
    ])("L3 no address in %.40j", (input) => Effect.map(place(input), (name) => assert.isNull(name)))

    it.effect.prop("L3 any text is answered, without a failure and without a word in the log", {
      text: Schema.String,
      odd: Schema.Array(Schema.Literals(["::", ":", ".", "8", "ffff", "2600", "%", "/", "x", "[", "]", "\u0000", " "]))
    }, ({ odd, text }) =>
      Effect.gen(function*() {
        const { layer, lines } = logged()
        yield* Effect.andThen(place(text), place(odd.join(""))).pipe(Effect.provide(layer))
        assert.deepStrictEqual(lines, [])
      }), { arbitrary: { runs: 1000 } })
  })
})
