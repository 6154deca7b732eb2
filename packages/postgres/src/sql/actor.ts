/** Who did something, as an event keeps it: nothing where it was the user themselves, as it mostly is. */

const themselves = (user: string) => `by_kind = 'user' AND by_id = ${user}`

/** The values of `actor_kind`, `actor_id` and `actor_ip`, from the parameters `by_kind`, `by_id` and `by_ip`. */
export const actorColumns = (schema: string, user: string): string =>
  `CASE WHEN ${themselves(user)} THEN NULL ELSE by_kind::${schema}.actor_kind END,
        CASE WHEN ${themselves(user)} THEN NULL ELSE by_id END, by_ip`
