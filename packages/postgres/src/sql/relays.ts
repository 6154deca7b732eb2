/** Relays: how far each has come, which process runs it, and what it could not deliver. */
export const relays = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.relays (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    holder uuid,
    held_until timestamptz,
    CHECK ((holder IS NULL) = (held_until IS NULL))
  )`,
  `CREATE TABLE ${schema}.relay_set_aside (
    relay text NOT NULL REFERENCES ${schema}.relays ON DELETE CASCADE,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    message text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (relay, position)
  )`
]
