export { credits, defaultPrices, triggerPrice, type Prices } from "./prices.ts";
export {
  balanceOf,
  grant,
  refund,
  reserve,
  reserveMany,
  returnReservation,
  settleReservation,
  type Balance,
  type Payer,
  type Reserve,
} from "./ledger.ts";
export { expireReservations } from "./expire-reservations.ts";
export { creditRoutes } from "./routes.ts";
export { usageOf, type UsageFilter } from "./usage.ts";
