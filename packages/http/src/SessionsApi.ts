/** The API by which users see where they are signed in, and sign out there: its contract, without the code behind it. */
import { Device, Instant, ListSessions, Location, PageCursor, SessionId, SessionNotFound } from "@sojourn/core"
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authentication } from "./Authentication.ts"

/** One of the user's own active sessions, as they may see it. */
export class OwnSession extends Schema.Class<OwnSession>("@sojourn/http/OwnSession")({
  /** By which to end it. It signs nobody in. */
  id: SessionId,
  /** What they logged in with; null when it is not known. */
  device: Schema.OptionFromNullOr(Device),
  /** Where they logged in; null when it is not known. */
  location: Schema.OptionFromNullOr(Location),
  /** Where the latest activity came from; null when it is not known. */
  address: Schema.OptionFromNullOr(Schema.String),
  /** When they logged in. */
  createdAt: Instant,
  /** The latest activity on record, up to a minute old. */
  lastActivityAt: Instant,
  /** When it ends at the latest. */
  expiresAt: Instant,
  /** Whether it is the one that asks. */
  current: Schema.Boolean
}) {}

/** A `PageCursor` in one word, to be handed back as it is. */
const Cursor = Schema.StringFromBase64Url.pipe(Schema.decodeTo(Schema.fromJsonString(Schema.toCodecJson(PageCursor))))

/** A page of the user's own active sessions, newest first. */
export class OwnSessions extends Schema.Class<OwnSessions>("@sojourn/http/OwnSessions")({
  /** At most as many as were asked for. */
  sessions: Schema.Array(OwnSession),
  /** The `before` of the next page; null after the last one. */
  next: Schema.OptionFromNullOr(Cursor),
  /** How many there are, on whatever page. */
  active: Schema.Int
}) {}

/** Which sessions a request ended. */
export class EndedSessions extends Schema.Class<EndedSessions>("@sojourn/http/EndedSessions")({
  ended: Schema.Array(SessionId)
}) {}

/**
 * `GET /sessions?limit=&before=`, `DELETE /sessions/:id`, `DELETE /sessions` and `DELETE /sessions/current`, for whoever has a session.
 * Add it to an `HttpApi`, and `layerSessions` to its Layer.
 */
export class SessionsApi extends HttpApiGroup.make("sessions")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: { limit: Schema.optionalKey(ListSessions.fields.limit), before: Schema.optionalKey(Cursor) },
      success: OwnSessions
    }).annotate(OpenApi.Description, "The user's own active sessions, newest first, in pages"),
    HttpApiEndpoint.delete("endOthers", "/", { success: EndedSessions })
      .annotate(OpenApi.Description, "Ends all of the user's sessions but the one that asks"),
    HttpApiEndpoint.delete("signOut", "/current", { success: HttpApiSchema.NoContent })
      .annotate(OpenApi.Description, "Ends the session that asks"),
    HttpApiEndpoint.delete("end", "/:id", {
      params: { id: SessionId },
      success: HttpApiSchema.NoContent,
      error: SessionNotFound.pipe(HttpApiSchema.status(404))
    }).annotate(OpenApi.Description, "Ends one of the user's own sessions; one that is over stays as it ended")
  )
  .prefix("/sessions")
  .middleware(Authentication)
  .annotate(OpenApi.Description, "Where the user is signed in")
{}
