/** The ids of events that happen to a session once, as `createdEventId` and `endedEventId` of `@sojourn/core` make them. */

/** Of columns or variables with the session's id and the event's type. */
export const onceId = (session: string, type: string): string =>
  `overlay(${session}::text PLACING CASE WHEN ${type} = 'SessionCreated' THEN '8c' ELSE '8e' END FROM 15 FOR 2)::uuid`
