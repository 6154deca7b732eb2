/** What operating systems are called by people, and what they mostly run on. */
import type { DeviceKind } from "@sojourn/core"

/** A system. `linux`: a distribution, of which client hints only say `Linux`. */
export interface KnownSystem {
  readonly name: string
  readonly kind: DeviceKind
  readonly linux: boolean
}

const on = (kind: DeviceKind) => (name: string): KnownSystem => ({ name, kind, linux: false })
const desktop = on("desktop")
const mobile = on("mobile")
const tv = on("tv")
const gameConsole = on("console")
const distribution = (name: string): KnownSystem => ({ name, kind: "desktop", linux: true })

/** By lower-case name, as user agents or client hints have it. */
const systems: ReadonlyMap<string, KnownSystem> = new Map(Object.entries({
  "android": mobile("Android"),
  "arch": distribution("Arch Linux"),
  "blackberry": mobile("BlackBerry"),
  "centos": distribution("CentOS"),
  "chrome os": desktop("ChromeOS"),
  "chromecast": tv("Chromecast"),
  "chromeos": desktop("ChromeOS"),
  "chromium os": desktop("ChromeOS"),
  "debian": distribution("Debian"),
  "fedora": distribution("Fedora"),
  "firefox os": mobile("Firefox OS"),
  "freebsd": desktop("FreeBSD"),
  "gentoo": distribution("Gentoo"),
  "gnu": desktop("Linux"),
  "harmonyos": mobile("HarmonyOS"),
  "ios": mobile("iOS"),
  "ipados": on("tablet")("iPadOS"),
  "kaios": mobile("KaiOS"),
  "kubuntu": distribution("Kubuntu"),
  "linux": desktop("Linux"),
  "mac os": desktop("macOS"),
  "mac os x": desktop("macOS"),
  "macos": desktop("macOS"),
  "manjaro": distribution("Manjaro"),
  "mint": distribution("Linux Mint"),
  "netbsd": desktop("NetBSD"),
  "nintendo": gameConsole("Nintendo"),
  "openbsd": desktop("OpenBSD"),
  "openharmony": mobile("HarmonyOS"),
  "opensuse": distribution("openSUSE"),
  "playstation": gameConsole("PlayStation"),
  "red hat": distribution("Red Hat"),
  "sailfish": mobile("Sailfish OS"),
  "solaris": desktop("Solaris"),
  "suse": distribution("SUSE"),
  "tizen": on("unknown")("Tizen"),
  "tvos": tv("tvOS"),
  "ubuntu": distribution("Ubuntu"),
  "watchos": on("wearable")("watchOS"),
  "webos": tv("webOS"),
  "windows": desktop("Windows"),
  "windows iot": on("embedded")("Windows IoT"),
  "windows mobile": mobile("Windows Mobile"),
  "windows phone": mobile("Windows Phone"),
  "windows phone os": mobile("Windows Phone"),
  "xbox": gameConsole("Xbox"),
  "xubuntu": distribution("Xubuntu")
}))

/** The system by any of its names; undefined when it is not known. */
export const knownSystem = (name: string | undefined): KnownSystem | undefined =>
  name === undefined ? undefined : systems.get(name.toLowerCase())
