/** What the org allows in a day, an hour or at a time, and what of it is used: the content of `/limits`. */
import type { QueryJobs } from "./bulk/query-jobs.ts";
import type { Bus } from "./cometd/bus.ts";
import type { CometD } from "./cometd/endpoint.ts";
import type { ApiUsage } from "./usage.ts";

export interface Allowance {
  max: number;
  used: number;
}

/** Counted here, and as large as an org of the Performance edition has them; the others are there and stay unused. */
const unused: Record<string, number> = {
  ActiveScratchOrgs: 0,
  ConcurrentAsyncGetReportInstances: 200,
  ConcurrentSyncReportRuns: 20,
  DailyAsyncApexExecutions: 250_000,
  DailyAsyncApexTests: 500,
  DailyBulkApiBatches: 15_000,
  DailyBulkV2QueryFileStorageMB: 976_562,
  DailyDurableGenericStreamingApiEvents: 1_000_000,
  DailyDurableStreamingApiEvents: 1_000_000,
  DailyGenericStreamingApiEvents: 10_000,
  DailyStandardVolumePlatformEvents: 25_000,
  DailyStreamingApiEvents: 1_000_000,
  DailyWorkflowEmails: 100_000,
  DataStorageMB: 10_240,
  FileStorageMB: 10_240,
  HourlyAsyncReportRuns: 1_200,
  HourlyDashboardRefreshes: 200,
  HourlyPublishedStandardVolumePlatformEvents: 1_000,
  HourlySyncReportRuns: 500,
  HourlyTimeBasedWorkflow: 1_000,
  MassEmail: 5_000,
  Package2VersionCreates: 6,
  PermissionSets: 1_500,
  SingleEmail: 5_000,
};
const publishedAnHour = 250_000;

export function allowancesOf(parts: { usage: ApiUsage; jobs: QueryJobs; cometd: CometD; bus: Bus }) {
  const { usage, jobs, cometd, bus } = parts;
  return (): Record<string, Allowance> => {
    const clients = { max: cometd.maxClients, used: cometd.clients().known };
    const all: Record<string, Allowance> = {
      ...Object.fromEntries(Object.entries(unused).map(([name, max]) => [name, { max, used: 0 }])),
      DailyApiRequests: { max: usage.limit, used: usage.used() },
      DailyBulkV2QueryJobs: { max: jobs.limit, used: jobs.usedToday() },
      DailyDeliveredPlatformEvents: { max: cometd.maxDelivered, used: cometd.delivered() },
      DurableStreamingApiConcurrentClients: clients,
      HourlyPublishedPlatformEvents: { max: publishedAnHour, used: bus.publishedLastHour() },
      StreamingApiConcurrentClients: clients,
    };
    return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
}
