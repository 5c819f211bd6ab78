export { exportLogs, type LogFilter, type LogPage } from "./export-logs.ts";
export { logRoute, type RouteEntry } from "./log-route.ts";
export { logRoutes } from "./routes.ts";
