/** The HTTP figures for Prometheus: by route, never by address, tenant or key. */
import { Counter, Histogram, type Registry } from "prom-client";

export interface Observed {
  route: string;
  method: string;
  status: number;
  ms: number;
}

export function httpMetrics(registry: Registry): (seen: Observed) => void {
  const requests = new Counter({
    name: "lantern_http_requests_total",
    help: "Requests answered",
    labelNames: ["route", "method", "status"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "lantern_http_request_seconds",
    help: "Time until a request was answered",
    labelNames: ["route", "method"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  // Callers can invent methods; a label they choose would grow without end.
  const known = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]);
  return ({ route, method: given, status, ms }) => {
    const method = known.has(given) ? given : "other";
    requests.inc({ route, method, status: String(status) });
    seconds.observe({ route, method }, ms / 1000);
  };
}
