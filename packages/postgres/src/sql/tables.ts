/** Tables, with the one definition of "active" as the generated column `active_until`. */
import { EndReason } from "@sojourn/core"

const endReasons = EndReason.literals.map((reason) => `'${reason}'`).join(", ")

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

/**
 * Sessions. An interval of milliseconds added to a timestamptz does not depend on the time zone, so `active_until` may
 * call itself immutable.
 */
export const sessions = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.active_until(expires_at timestamptz, last_activity_at timestamptz, idle_timeout_ms bigint)
    RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT least(expires_at, last_activity_at + idle_timeout_ms * interval '1 millisecond') $$`,
  `CREATE TABLE ${schema}.sessions (
    id uuid PRIMARY KEY,
    user_id text NOT NULL,
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    previous_hash bytea,
    rotation_salt bytea,
    rotated_at timestamptz,
    rotation smallint NOT NULL DEFAULT 0,
    retired_hashes bytea[] NOT NULL DEFAULT '{}',
    device jsonb,
    location jsonb,
    ip_address inet,
    last_ip_address inet,
    user_agent text,
    refresh_token_id text,
    created_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    idle_timeout_ms bigint CHECK (idle_timeout_ms > 0),
    active_until timestamptz NOT NULL
      GENERATED ALWAYS AS (${schema}.active_until(expires_at, last_activity_at, idle_timeout_ms)) STORED,
    trusted boolean NOT NULL DEFAULT false,
    suspicious_activity_count integer NOT NULL DEFAULT 0,
    ended_at timestamptz,
    ended_reason text CHECK (ended_reason IN (${endReasons})),
    ended_by_kind text CHECK (ended_by_kind IN ('user', 'administrator', 'system')),
    ended_by_id text,
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL) AND (ended_at IS NULL) = (ended_by_kind IS NULL))
  )`,
  `CREATE INDEX sessions_live ON ${schema}.sessions (user_id, created_at, id) WHERE ended_at IS NULL`,
  `CREATE INDEX sessions_ended ON ${schema}.sessions (user_id, created_at, id) WHERE ended_at IS NOT NULL`,
  `CREATE INDEX sessions_due ON ${schema}.sessions (active_until) WHERE ended_at IS NULL`,
  `CREATE INDEX sessions_ended_at ON ${schema}.sessions USING brin (ended_at)`
]

/** The event log. Positions rise within a user, because they are taken under the user's lock. */
export const events = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.session_events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    user_id text NOT NULL,
    session_id uuid,
    actor_kind text NOT NULL,
    actor_id text,
    data jsonb NOT NULL
  )`,
  `CREATE INDEX session_events_user ON ${schema}.session_events (user_id, position)`
]
