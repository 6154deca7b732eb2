import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import {
  EventId,
  LoggedEvent,
  SessionCreated,
  type SessionEvent,
  SessionEvicted,
  SessionExpired,
  SessionRevoked,
  SessionRotated,
  SessionsRevoked,
  SessionTrusted,
  SuspiciousActivityRecorded,
  system
} from "@sojourn/core"
import { Fixtures, Generators } from "@sojourn/testing"
import { webhookKeys, type WebhookSecret } from "@sojourn/webhook"
import { Arbitrary, Array, Effect, Layer, Option, Redacted, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { createHash } from "node:crypto"

/** All that a sink and a receiver ask for. */
export const services = Layer.merge(NodeCrypto.layer, FetchHttpClient.layer)

export const secretText = (name: string) => createHash("sha256").update(name).digest("base64")

/** A key whose secret follows from its id. */
export const secret = (id: string): WebhookSecret => ({ id, secret: Redacted.make(secretText(id)) })

export const keys = (...ids: ReadonlyArray<string>) => Effect.orDie(webhookKeys(ids.map(secret)))

/** The event at this position of a log; its id follows from the position. */
export const logged = (position: number): LoggedEvent =>
  LoggedEvent.make({
    position,
    event: SessionCreated.make({
      eventId: EventId.make(`019ca945-0a00-7a3b-8c1d-${position.toString(16).padStart(12, "0")}`),
      at: Fixtures.now,
      userId: Fixtures.session().userId,
      actor: system,
      sessionId: Fixtures.session().id,
      device: Option.some(Fixtures.device),
      ipAddress: Fixtures.session().ipAddress,
      location: Option.some(Fixtures.location),
      expiresAt: Fixtures.after("30 days")
    })
  })

/** The events at the first positions. */
export const logOf = (count: number) => Array.makeBy(count, (at) => logged(at + 1))

const { ipAddress: _address, ...createdFields } = SessionCreated.fields

const created: Arbitrary.Arbitrary<SessionEvent> = Arbitrary.map(
  Arbitrary.all({
    fields: Arbitrary.schema(Schema.Struct(createdFields)),
    known: Arbitrary.schema(Schema.Boolean),
    ipAddress: Generators.ipAddress
  }),
  ({ fields, ipAddress, known }) =>
    SessionCreated.make({ ...fields, ipAddress: known ? Option.some(ipAddress) : Option.none() })
)

const others: Arbitrary.Arbitrary<SessionEvent> = Arbitrary.schema(
  Schema.Union([
    SessionEvicted,
    SessionExpired,
    SessionRevoked,
    SessionRotated,
    SessionsRevoked,
    SessionTrusted,
    SuspiciousActivityRecorded
  ])
)

/** One to three events of any kind, at any positions. */
export const anyEvents: Arbitrary.Arbitrary<ReadonlyArray<LoggedEvent>> = Arbitrary.array(
  Arbitrary.map(
    Arbitrary.all({
      event: Arbitrary.flatMap(Arbitrary.schema(Schema.Boolean), (login) => login ? created : others),
      position: Arbitrary.schema(LoggedEvent.fields.position)
    }),
    (fields) => LoggedEvent.make(fields)
  ),
  { minLength: 1, maxLength: 3 }
)
