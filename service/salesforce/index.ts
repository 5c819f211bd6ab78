/** Salesforce, as the rest of the service may use it. */
export { connectSalesforce, type ConnectOptions } from "./client.ts";
export { classify, SalesforceError, sentence } from "./errors.ts";
export { gathered, type GatheredSalesforce } from "./gather.ts";
export { findId, findObject, getId, isId } from "./ids.ts";
export type * from "./port.ts";
export type { SalesforceAuth } from "./session.ts";
/** `soql.select({ fields, from, where: soql.equals(…) })` */
export * as soql from "./soql.ts";
export { idOf, textOf, timeOf } from "./values.ts";
export { openStream, type StreamOptions } from "./stream.ts";
