/** Why a request is not let in. */
import { EndReason } from "@sojourn/core"
import { Schema } from "effect"

/**
 * 401: no session is proven. `reason` is why the session of the token is over, to be told to the person where that helps, or
 * `invalid`: there is no token, or it is no session's.
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  { reason: Schema.Literals(["invalid", ...EndReason.literals]) },
  { httpApiStatus: 401 }
) {
  override get message() {
    return `Not signed in (${this.reason}); sign in`
  }
}

/** 403: a request that changes something came with the cookie, and not from a page of the application. See `refuseCrossSite`. */
export class CrossSiteRequest extends Schema.TaggedError<CrossSiteRequest>()(
  "CrossSiteRequest",
  {},
  { httpApiStatus: 403 }
) {
  override get message() {
    return "The request does not come from a page of this application; clients that are no browsers send a bearer token"
  }
}

/** 503: the store had to be asked and is away. Nobody is let in. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {}, { httpApiStatus: 503 }) {
  override get message() {
    return "Sessions cannot be checked now; try again"
  }
}
