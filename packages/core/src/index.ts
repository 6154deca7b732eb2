/** Login sessions for Effect: values, errors, events, ports, policies and handlers. */
export * from "./ActivityWriter.ts"
export * from "./CachedSession.ts"
export * from "./CacheInvalidations.ts"
export * from "./CacheRepair.ts"
export * from "./CreateSession.ts"
export * from "./CredentialRepo.ts"
export * from "./Device.ts"
export * from "./DeviceEnricher.ts"
export * from "./EnforceLimit.ts"
export * from "./EraseUser.ts"
export * from "./EventBus.ts"
export * as EventBusInProcess from "./EventBusInProcess.ts"
export * from "./EventId.ts"
export * from "./EventLog.ts"
export * from "./EventRelay.ts"
export * from "./EventSink.ts"
export * from "./FollowEvents.ts"
export * as FrontCache from "./FrontCache.ts"
export * from "./GetSession.ts"
export * from "./Instant.ts"
export * from "./IpAddress.ts"
export * from "./Lifetime.ts"
export * from "./Limit.ts"
export * from "./LimitErrors.ts"
export * from "./ListSessions.ts"
export * from "./Location.ts"
export * from "./LocationEnricher.ts"
export * from "./PutUser.ts"
export * from "./RecordSuspiciousActivity.ts"
export * from "./Redeliver.ts"
export * from "./RelayRepo.ts"
export * from "./RevokeAllSessions.ts"
export * from "./RevokeSession.ts"
export * from "./RotateSession.ts"
export * from "./RotationGrace.ts"
export * from "./Session.ts"
export * from "./SessionCache.ts"
export * as SessionCacheInProcess from "./SessionCacheInProcess.ts"
export * from "./SessionEnd.ts"
export * from "./SessionErrors.ts"
export * from "./SessionEvent.ts"
export * from "./SessionId.ts"
export * from "./SessionLookup.ts"
export * from "./SessionMetrics.ts"
export * from "./SessionPage.ts"
export * from "./SessionPolicy.ts"
export * from "./SessionRepo.ts"
export {
  hashSecret,
  isSameHash,
  makeToken,
  parseToken,
  RotationSalt,
  RoutingTag,
  routingTag,
  SecretHash,
  type SessionToken,
  succeedSecret,
  type TokenParts
} from "./SessionToken.ts"
export * from "./StoreError.ts"
export * from "./SweepSessions.ts"
export * from "./Text.ts"
export * from "./TouchSession.ts"
export * from "./TrustSession.ts"
export * from "./User.ts"
export * from "./UserRepo.ts"
export * from "./ValidateSession.ts"
