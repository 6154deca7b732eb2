/** Base64url and hexadecimal by hand: for the few bytes of a token `effect/encoding` takes three times as long. */

const { charCodeAt } = String.prototype

/**
 * `text.charCodeAt(at)`. The function is held apart because V8 looks methods of strings up for every character once
 * anything in the process has made a subclass of `String`, as Redis clients do; that takes three to six times as long.
 */
export const codeAt = (text: string, at: number): number => charCodeAt.call(text, at)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const letters = Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0))
const hexDigits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))
const dash = 45

/** The six bits that a character of base64url stands for; a seventh one for every other character. */
const sixBits = new Uint8Array(0x10000).fill(64)
letters.forEach((letter, bits) => {
  sixBits[letter] = bits
})

/** The bytes in base64url, without padding. */
export const toBase64Url = (bytes: Uint8Array): string => {
  const codes: Array<number> = []
  let bits = 0
  let held = 0
  for (let at = 0; at < bytes.length; at++) {
    bits = (bits << 8) | bytes[at]!
    for (held += 8; held >= 6; held -= 6) codes.push(letters[(bits >> (held - 6)) & 63]!)
  }
  if (held > 0) codes.push(letters[(bits << (6 - held)) & 63]!)
  return String.fromCharCode(...codes)
}

/**
 * So many bytes of base64url, from a place in the text on. None for other characters, for too few, or when the last one
 * has bits that belong to no byte: the same bytes have one spelling.
 */
export const fromBase64Url = (text: string, from: number, length: number): Uint8Array | undefined => {
  const bytes = new Uint8Array(length)
  const end = length - length % 3
  let at = 0
  let seen = 0
  let left = 0
  for (; at < end; from += 4) {
    const first = sixBits[codeAt(text, from)]!
    const second = sixBits[codeAt(text, from + 1)]!
    const third = sixBits[codeAt(text, from + 2)]!
    const fourth = sixBits[codeAt(text, from + 3)]!
    seen |= first | second | third | fourth
    bytes[at++] = (first << 2) | (second >> 4)
    bytes[at++] = (second << 4) | (third >> 2)
    bytes[at++] = (third << 6) | fourth
  }
  if (at < length) {
    const first = sixBits[codeAt(text, from++)]!
    const second = sixBits[codeAt(text, from++)]!
    seen |= first | second
    bytes[at++] = (first << 2) | (second >> 4)
    left = second & 15
  }
  if (at < length) {
    const third = sixBits[codeAt(text, from++)]!
    seen |= third
    bytes[at] = (left << 4) | (third >> 2)
    left = third & 3
  }
  return seen < 64 && from <= text.length && left === 0 ? bytes : undefined
}

/** So many bytes of lower-case hexadecimal; dashes are passed over. */
export const fromHex = (text: string, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  let digits = 0
  for (let at = 0; digits < 2 * length; at++) {
    const code = codeAt(text, at)
    if (code === dash) continue
    bytes[digits >> 1] = (bytes[digits >> 1]! << 4) | (code < 58 ? code - 48 : code - 87)
    digits++
  }
  return bytes
}

/** Character codes of hexadecimal digits. */
export type HexDigits = Uint8Array

/** The digits of so many bytes, from one of them on. */
export const hexOf = (bytes: Uint8Array, from: number, length: number): HexDigits => {
  const digits = new Uint8Array(2 * length)
  for (let at = 0; at < 2 * length; from++) {
    digits[at++] = hexDigits[bytes[from]! >> 4]!
    digits[at++] = hexDigits[bytes[from]! & 15]!
  }
  return digits
}

/**
 * Fills `digits`, three for every two characters of base64url, from a place in the text on. False for other characters,
 * or for too few.
 */
export const hexOfBase64Url = (text: string, from: number, digits: HexDigits): boolean => {
  let seen = 0
  for (let at = 0; at < digits.length;) {
    const first = sixBits[codeAt(text, from++)]!
    const second = sixBits[codeAt(text, from++)]!
    seen |= first | second
    digits[at++] = hexDigits[first >> 2]!
    digits[at++] = hexDigits[((first & 3) << 2) | (second >> 4)]!
    digits[at++] = hexDigits[second & 15]!
  }
  return seen < 64 && from <= text.length
}

/** The first 32 digits as a UUID. Made at once: a string that is put together of pieces keeps them, and caches keep the string. */
export const uuidOf = (d: HexDigits): string =>
  // dprint-ignore
  String.fromCharCode(
    d[0]!, d[1]!, d[2]!, d[3]!, d[4]!, d[5]!, d[6]!, d[7]!, dash, d[8]!, d[9]!, d[10]!, d[11]!, dash,
    d[12]!, d[13]!, d[14]!, d[15]!, dash, d[16]!, d[17]!, d[18]!, d[19]!, dash,
    d[20]!, d[21]!, d[22]!, d[23]!, d[24]!, d[25]!, d[26]!, d[27]!, d[28]!, d[29]!, d[30]!, d[31]!
  )

const digitOf = (digit: string): number => digit.charCodeAt(0)
const seven = digitOf("7")
const variants = new Set(Array.from("89ab", digitOf))

/** Whether the UUID is of version 7 and of the variant of RFC 9562. */
export const isUuidV7 = (digits: HexDigits): boolean => digits[12] === seven && variants.has(digits[16]!)

/** The lowest 16 bits, in four digits. */
export const toHex16 = (bits: number): string =>
  String.fromCharCode(
    hexDigits[(bits >> 12) & 15]!,
    hexDigits[(bits >> 8) & 15]!,
    hexDigits[(bits >> 4) & 15]!,
    hexDigits[bits & 15]!
  )
