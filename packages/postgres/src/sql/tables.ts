/** Tables, with the one definition of "active" as the generated column `active_until`. */
import { eventDetails } from "./eventDetails.ts"
import { onceId } from "./eventId.ts"
import { userKey } from "./ofUser.ts"

/** Users and tiers, for applications that do not map their own. `max_sessions` null: in `tiers` unlimited. */
export const users = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.tiers (
    name text PRIMARY KEY,
    max_sessions integer CHECK (max_sessions >= 0)
  )`,
  `INSERT INTO ${schema}.tiers (name, max_sessions)
    VALUES ('basic', 2), ('essential', 3), ('plus', 5), ('premium', 10), ('pro', NULL)`,
  `CREATE TABLE ${schema}.users (
    id text PRIMARY KEY,
    tier text NOT NULL DEFAULT 'basic',
    max_sessions integer CHECK (max_sessions >= 0),
    unlimited boolean NOT NULL DEFAULT false CHECK (NOT (unlimited AND max_sessions IS NOT NULL))
  )`
]

/** The closed vocabularies of the columns: 4 bytes a value, whatever its name. */
export const vocabularies = (schema: string): ReadonlyArray<string> => [
  `CREATE TYPE ${schema}.actor_kind AS ENUM ('user', 'administrator', 'system')`,
  `CREATE TYPE ${schema}.end_reason AS ENUM (
    'logout', 'session_limit_exceeded', 'password_changed', 'admin_action', 'security_concern', 'rotation_reuse',
    'user_deleted', 'expired', 'idle'
  )`,
  `CREATE TYPE ${schema}.event_type AS ENUM (
    'SessionCreated', 'SessionEvicted', 'SessionRevoked', 'SessionsRevoked', 'SessionExpired', 'SessionRotated',
    'SessionTrusted', 'SuspiciousActivityRecorded'
  )`
]

// Without a time zone and back: for PostgreSQL the sum of a moment and an interval depends on the session's time zone, in
// which a day may have 25 hours, even where the interval has no days.
const utc = "AT TIME ZONE interval '0'"
const idleAt = `(last_activity_at ${utc} + idle_timeout_ms * interval '1 millisecond') ${utc}`

/**
 * Sessions.
 *
 * Columns stand in the order of their alignment, so that no bytes are lost between them: every login writes a row.
 * `device` and `location` are arrays, described in `Details.ts`. A count or rotation of 0 is null. The tenth of each page that is left free takes the rows
 * that change: one that stays on its page leaves a fraction of the write-ahead log.
 */
export const sessions = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.sessions (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    active_until timestamptz NOT NULL
      GENERATED ALWAYS AS (least(expires_at, ${idleAt})) STORED,
    idle_timeout_ms bigint CHECK (idle_timeout_ms > 0),
    rotated_at timestamptz,
    ended_at timestamptz,
    ended_reason ${schema}.end_reason,
    ended_by_kind ${schema}.actor_kind,
    suspicious_activity_count integer,
    rotation smallint,
    trusted boolean NOT NULL DEFAULT false,
    user_id text NOT NULL,
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    previous_hash bytea,
    rotation_salt bytea,
    retired_hashes bytea[],
    device json,
    location json,
    ip_address inet,
    last_ip_address inet,
    user_agent text,
    refresh_token_id text,
    ended_by_id text,
    ended_by_ip inet,
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL) AND (ended_at IS NULL) = (ended_by_kind IS NULL))
  ) WITH (fillfactor = 90)`,
  // Before the next: while the table is new and was not analyzed, both seem to cost the same and the later one is taken.
  `CREATE INDEX sessions_due ON ${schema}.sessions (active_until) WHERE ended_at IS NULL`,
  `CREATE INDEX sessions_live ON ${schema}.sessions (${userKey("user_id")}, created_at) WHERE ended_at IS NULL`,
  `CREATE INDEX sessions_ended ON ${schema}.sessions (${
    userKey("user_id")
  }, created_at, id) WHERE ended_at IS NOT NULL`,
  // Not BRIN: its ranges never forget what was purged from them, and in the end a purge would read the whole table.
  `CREATE INDEX sessions_ended_at ON ${schema}.sessions (ended_at) WHERE ended_at IS NOT NULL`,
  // The planner does not look into partial indexes for how many rows a user has; without this it takes a 200th of all.
  `CREATE STATISTICS ${schema}.sessions_by_user ON (${userKey("user_id")}) FROM ${schema}.sessions`
]

/** Of a row of `purged_sessions`: it tells something of the person. */
export const personal = "(device IS NOT NULL OR location IS NOT NULL)"

/**
 * The event log. Positions rise within a user, because they are taken under the user's lock.
 *
 * A login that ends one session, as at the limit every one does, has one row: `evicted` is that session, whose event stands at
 * the position before the row's own. So rows take every other position, and a login writes half as much. Any further sessions that
 * it ends have rows of their own, with `evicted_by`.
 *
 * What the session's row tells of the person, device and place, is not written again; when that row is purged,
 * `purged_sessions` keeps it for as long as the events are kept. `event_id` is null where it follows from the session's id. A
 * login's address is its actor's and is kept once. `actor_kind` is null where the actor is the user themselves, whose session
 * it is. The view `event_details` has a row for each event, with all that it tells, if it is still known.
 */
export const events = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.session_events (
    position bigint GENERATED ALWAYS AS IDENTITY (START WITH 2 INCREMENT BY 2) PRIMARY KEY,
    at timestamptz NOT NULL,
    expires_at timestamptz,
    event_id uuid,
    session_id uuid,
    evicted uuid,
    evicted_by uuid,
    type ${schema}.event_type NOT NULL,
    actor_kind ${schema}.actor_kind,
    user_id text NOT NULL,
    actor_id text,
    actor_ip inet,
    data jsonb
  )`,
  `CREATE INDEX session_events_user ON ${schema}.session_events (${userKey("user_id")}, position)`,
  `CREATE TABLE ${schema}.purged_sessions (
    id uuid PRIMARY KEY,
    ended_at timestamptz NOT NULL,
    user_id text NOT NULL,
    device json,
    location json
  )`,
  `CREATE INDEX purged_sessions_ended_at ON ${schema}.purged_sessions (ended_at)`,
  // What there is to forget of a user.
  `CREATE INDEX purged_sessions_personal ON ${schema}.purged_sessions (${userKey("user_id")}) WHERE ${personal}`,
  `CREATE VIEW ${schema}.event_details AS ${
    eventDetails(schema, `coalesce(t.event_id, ${onceId("t.session_id", "t.type")})`)
  }`
]
