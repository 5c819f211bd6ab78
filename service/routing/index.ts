/** Routing: whose turn it is, and giving a record its owner. */
export { AssignInput } from "./assign-input.ts";
export { assign, previewAssign, type Assignment, type OwnerSeen } from "./assign.ts";
export { awaitWrite } from "./await-write.ts";
export type { MemberFound, PoolFound, PoolProblem, PoolsFound, UserFound } from "./check-pools.ts";
export { assignCharge, failTurn, turnWritten, type TurnId } from "./close-turn.ts";
export { syncPools, type PoolsSynced, type SyncedOrg } from "./pools.ts";
export { listPools, nextUp, previewPool, type PoolPreview } from "./preview-pool.ts";
export { routingRoutes, type RoutingRouteDeps } from "./routes.ts";
export { syncUsers } from "./sync-users.ts";
export { takeTurn, type NoTurn, type Turn, type TurnRequest } from "./take-turn.ts";
export { ownerJob, writeOwnerHandler, writeOwnerKind, type WriteOwnerDeps } from "./write-owner.ts";
