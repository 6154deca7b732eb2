/** Sojourn's events as signed HTTP requests, and the check of them on the other side. */
export * from "./VerifyWebhook.ts"
export * from "./WebhookKeys.ts"
export { WebhookBody } from "./WebhookMessage.ts"
export { WebhookRefusal, WebhookRefused } from "./WebhookRefused.ts"
export * as WebhookSink from "./WebhookSink.ts"
