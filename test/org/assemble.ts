/** Puts an org together, all but its HTTP server. */
import { fileURLToPath } from "node:url";
import type { Clock } from "../../service/clock.ts";
import { systemClock } from "../../service/clock.ts";
import { Bus } from "./cometd/bus.ts";
import { CometD } from "./cometd/endpoint.ts";
import { Control } from "./control.ts";
import { addPackage } from "./engine/metadata.ts";
import { Org } from "./engine/org.ts";
import { Schema } from "./engine/schema.ts";
import { standardObjects } from "./engine/standard-objects.ts";
import { Faults } from "./faults.ts";
import { OAuth } from "./oauth.ts";
import { allowancesOf } from "./allowances.ts";
import { QueryJobs } from "./bulk/query-jobs.ts";
import { runLaterMirrors } from "./mirrors.ts";
import { Cursors } from "./rest/cursors.ts";
import { integrationUsername, seed } from "./seed.ts";
import { announcements, packageTrigger } from "./triggers.ts";
import { ApiUsage } from "./usage.ts";
import type { WebhookTarget } from "./webhook.ts";
import { Webhook } from "./webhook.ts";

export interface OrgOptions {
  clock?: Clock;
  /** Folder of the package's metadata; default: this repository's. */
  packageDir?: string;
  /** Newest API version the org speaks; default 67.0. */
  apiVersion?: string;
  /** Where the package posts changes to; nowhere by default. */
  webhook?: WebhookTarget;
}

const ownPackage = fileURLToPath(new URL("../../force-app/main/default", import.meta.url));

export function assemble(options: OrgOptions = {}) {
  const clock = options.clock ?? systemClock;
  const packageDir = options.packageDir ?? ownPackage;
  const schema = new Schema();
  for (const object of standardObjects()) schema.add(object);
  addPackage(schema, packageDir);
  const org = new Org({ clock, schema, apiVersion: options.apiVersion ?? "67.0" });
  const seeded = seed(org, packageDir);
  const oauth = new OAuth(org, { username: integrationUsername, runAs: seeded.integrationUserId });
  const bus = new Bus(org);
  const webhook = new Webhook(() => org.id, options.webhook);
  org.triggers.push(packageTrigger);
  org.publish = (events, userId) => bus.publish(events, userId);
  org.listeners.push((tx) => webhook.enqueue(announcements(tx)), runLaterMirrors);
  const cometd = new CometD(org, oauth, bus);
  const usage = new ApiUsage(clock);
  const cursors = new Cursors(clock);
  const jobs = new QueryJobs(clock);
  const allowances = allowancesOf({ usage, jobs, cometd, bus });
  const faults = new Faults(clock);
  const control = new Control({
    org,
    seeded,
    oauth,
    usage,
    cursors,
    jobs,
    bus,
    faults,
    webhook,
    cometd,
  });

  return { org, seeded, oauth, bus, webhook, cometd, usage, cursors, jobs, allowances, faults, control };
}
