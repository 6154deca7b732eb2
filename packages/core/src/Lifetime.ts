/** Until when a session is active: the one rule, used by sessions, caches and (as `active_until`) the database. */
import { DateTime, Duration, Option, Schema } from "effect"
import { instantAt } from "./Instant.ts"

const isPositiveMillis = Schema.makeFilter(
  (duration: Duration.Duration) => {
    const millis = Duration.toMillis(duration)
    return Number.isSafeInteger(millis) && millis > 0 && millis <= 7_300 * 86_400_000
  },
  { expected: "a whole number of milliseconds, more than 0 and at most 7,300 days" }
)

/** A span of time from 1 millisecond to 7,300 days (20 years). */
export const Span = Schema.DurationFromMillis.check(isPositiveMillis)

/** The times that decide whether a session is active. */
interface Lifetime {
  readonly lastActivityAt: DateTime.Utc
  readonly expiresAt: DateTime.Utc
  readonly idleTimeout: Option.Option<Duration.Duration>
}

/** When the session ends for lack of activity, in milliseconds since 1970; never without an idle timeout. */
export const idleAtMillis = (self: Lifetime): number =>
  Option.isNone(self.idleTimeout)
    ? Infinity
    : self.lastActivityAt.epochMilliseconds + Duration.toMillis(self.idleTimeout.value)

/** `activeUntil`, in milliseconds since 1970. */
export const activeUntilMillis = (self: Lifetime): number =>
  Math.min(self.expiresAt.epochMilliseconds, idleAtMillis(self))

/** The first instant at which the session is no longer active: the earlier of absolute and idle expiry (half-open). */
export const activeUntil = (self: Lifetime): DateTime.Utc => instantAt(activeUntilMillis(self))

/** Whether it is before `activeUntil`, at so many milliseconds since 1970. */
export const isActiveAt = (self: Lifetime, millis: number): boolean => millis < activeUntilMillis(self)
