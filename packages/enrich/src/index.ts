/** Devices from user agents and places from IP addresses, for what Sojourn's sessions show. */
export * as DeviceEnricherMemory from "./DeviceEnricherMemory.ts"
export * as DeviceEnricherUaParser from "./DeviceEnricherUaParser.ts"
export * as LocationEnricherMaxmind from "./LocationEnricherMaxmind.ts"
export * as LocationEnricherMemory from "./LocationEnricherMemory.ts"
