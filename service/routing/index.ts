/** Routing: whose turn it is, and giving a record its owner. */
export type { MemberFound, PoolFound, PoolProblem, PoolsFound, UserFound } from "./check-pools.ts";
export { assignCharge, failTurn, turnWritten, type TurnId } from "./close-turn.ts";
export { syncPools, type PoolsSynced, type SyncedOrg } from "./pools.ts";
export { listPools, nextUp, previewPool, type PoolPreview } from "./preview-pool.ts";
export { syncUsers } from "./sync-users.ts";
export { takeTurn, type NoTurn, type Turn, type TurnRequest } from "./take-turn.ts";
