import { assert, describe, it } from "@effect/vitest"
import { IpAddress, parseIpAddress } from "@sojourn/core"
import { Generators } from "@sojourn/testing"
import { Option, Schema } from "effect"
import { isIP, SocketAddress } from "node:net"

const accepted = {
  "8.8.8.8": "8.8.8.8",
  "255.255.255.255": "255.255.255.255",
  "::": "::",
  "::1": "::1",
  "fe80::1%eth0": "fe80::1",
  "fe80::1%25en0": "fe80::1",
  "::ffff:192.0.2.1": "192.0.2.1",
  "::FFFF:c000:0201": "192.0.2.1",
  "0:0:0:0:0:ffff:255.255.255.255": "255.255.255.255",
  // RFC 5952, section 4: no leading zeros, the longest run of zeros, the first of equal runs, lower case
  "2001:0db8::0001": "2001:db8::1",
  "2001:db8:0:0:0:0:2:1": "2001:db8::2:1",
  "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
  "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
  "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
  "2001:DB8::AAAA": "2001:db8::aaaa",
  "64:ff9b::192.0.2.33": "64:ff9b::c000:221"
}

const refused = [
  "",
  " ",
  "testclient",
  "localhost",
  "unknown",
  "8.8.8.8:443",
  "[::1]",
  "[::1]:443",
  " 8.8.8.8",
  "8.8.8.8 ",
  "8.8.8.8\n",
  "8.8.8.8, 1.1.1.1",
  "8.8.8",
  "8.8.8.8.",
  "8.8.8.8.8",
  "256.8.8.8",
  "08.8.8.8",
  "0x8.8.8.8",
  "134744072",
  "8.8.8.8/32",
  "2001:db8::1::2",
  "2001:db8:0:0:0:0:0:0:1",
  "12345::",
  "::g",
  "::1]/x[",
  "%eth0",
  "1".repeat(1_000_000)
]

describe("IpAddress", () => {
  it.each(Object.entries(accepted))("C24 %s is written %s", (input, canonical) => {
    assert.deepStrictEqual(parseIpAddress(input), Option.some(canonical))
  })

  it.each(refused.map((input) => ({ input, shown: JSON.stringify(input.slice(0, 40)) })))(
    "C24 $shown is none",
    ({ input }) => {
      assert.deepStrictEqual(parseIpAddress(input), Option.none())
    }
  )

  it.prop(
    "C24 every written address has one form, the one of inet_ntop",
    { written: Generators.writtenAddress },
    ({ written }) => {
      const canonical = Option.getOrThrow(parseIpAddress(written))
      const family = isIP(written) === 4 ? "ipv4" : "ipv6"
      assert.strictEqual(canonical, new SocketAddress({ address: written, family }).address)
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop("C24 parsing again changes nothing", { written: Generators.writtenAddress }, ({ written }) => {
    const once = parseIpAddress(written)
    assert.deepStrictEqual(Option.flatMap(once, parseIpAddress), once)
  }, { arbitrary: { runs: 300 } })

  it.prop(
    "C24 whatever is sent, what is kept is an address that the schema accepts",
    { sent: Schema.String },
    ({ sent }) => {
      for (const address of Option.toArray(parseIpAddress(sent))) {
        assert.notStrictEqual(isIP(address), 0)
        assert.isTrue(Schema.is(IpAddress)(address))
      }
    },
    { arbitrary: { runs: 500 } }
  )

  it.each(["2001:DB8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "8.8.8.8:443", ""])(
    "C24 the schema refuses %s, which is not canonical",
    (address) => assert.isFalse(Schema.is(IpAddress)(address))
  )
})
