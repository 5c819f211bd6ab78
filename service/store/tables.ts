/**
 * Every table of the service, written once for both dialects. Names: org ids, record ids and user ids are 18-character
 * Salesforce ids; `…_at` columns are milliseconds since 1970; `amount`, `available` … are hundredths of a credit.
 */
import { sql } from "drizzle-orm";
import type { Columns } from "./columns.ts";
import type {
  DirectoryFields,
  EnrichmentAnswer,
  JobPayload,
  JsonObject,
  MirrorFields,
  OrgSettings,
  PolicyBody,
  PaidLook,
  RowError,
  RunData,
  SkippedMember,
} from "./json.ts";

export function defineTables(c: Columns) {
  const { table, index, uniqueIndex, check, primaryKey, text, integer, bigint, real, boolean, json } = c;

  // ── who ────────────────────────────────────────────────────────────────────────────────────────────────────────
  const tenants = table("tenants", {
    id: integer("id").primaryKey(),
    name: text("name").notNull(),
    createdAt: bigint("created_at").notNull(),
  });

  const orgs = table(
    "orgs",
    {
      id: text("id").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      name: text("name").notNull(),
      instanceUrl: text("instance_url").notNull(),
      sandbox: boolean("sandbox").notNull(),
      /** connecting: the baseline is being taken · active · disconnected */
      state: text("state").$type<"connecting" | "active" | "disconnected">().notNull(),
      /** The user the service acts as; its own changes are echoes. */
      integrationUserId: text("integration_user_id").notNull(),
      /** Server time of the connect: what was not modified after it belongs to the baseline. */
      connectedAt: bigint("connected_at").notNull(),
      baselineDoneAt: bigint("baseline_done_at"),
      settings: json<OrgSettings>("settings").notNull(),
      settingsReadAt: bigint("settings_read_at"),
      lastPollAt: bigint("last_poll_at"),
      nextPollAt: bigint("next_poll_at"),
    },
    (t) => [index("orgs_tenant").on(t.tenantId)],
  );

  const apiKeys = table(
    "api_keys",
    {
      /** The public part of `ltn_<live|test>_<id>_<secret><crc>`. */
      id: text("id").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      orgId: text("org_id"),
      mode: text("mode").$type<"live" | "test">().notNull(),
      name: text("name").notNull(),
      secretHash: text("secret_hash").notNull(),
      scopes: json<string[]>("scopes").notNull(),
      /** Requests per minute that replace the documented limit, by route class. */
      limits: json<Record<string, number>>("limits").notNull(),
      createdAt: bigint("created_at").notNull(),
      expiresAt: bigint("expires_at"),
      revokedAt: bigint("revoked_at"),
      lastUsedAt: bigint("last_used_at"),
    },
    (t) => [index("api_keys_tenant").on(t.tenantId)],
  );

  // ── the work on one record ─────────────────────────────────────────────────────────────────────────────────────
  const records = table(
    "records",
    {
      orgId: text("org_id").notNull(),
      recordId: text("record_id").notNull(),
      tenantId: integer("tenant_id").notNull(),
      object: text("object").notNull(),
      /** Raised by every signal that the record is dirty; a look at the record handles all signals up to its number. */
      wantSeq: integer("want_seq").notNull(),
      doneSeq: integer("done_seq").notNull(),
      /** SystemModstamp (ms) of the version last seen by a poll or by our own re-read. */
      seenModstamp: bigint("seen_modstamp"),
      /** Fingerprint of the watched fields last handled (journey/fingerprint.ts), from a re-read after our own write. */
      handledHash: text("handled_hash"),
      runId: text("run_id"),
      reservationId: text("reservation_id"),
      firstHeardBy: text("first_heard_by").$type<HeardBy>(),
      firstHeardAt: bigint("first_heard_at"),
      /** When our last write to it was done: changes soon after are gathered into one look. */
      writtenAt: bigint("written_at"),
      /** The automatic paid journeys of the last 24 hours. */
      paidLooks: json<PaidLook[]>("paid_looks").notNull(),
      /** When a journey gave it its owner; later looks leave the owner to people. */
      routedAt: bigint("routed_at"),
      deletedAt: bigint("deleted_at"),
      /** Where a merge or a conversion moved it. */
      successorId: text("successor_id"),
    },
    (t) => [primaryKey({ columns: [t.orgId, t.recordId] }), index("records_tenant").on(t.tenantId, t.object)],
  );

  const runs = table(
    "runs",
    {
      id: text("id").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      orgId: text("org_id").notNull(),
      recordId: text("record_id").notNull(),
      object: text("object").notNull(),
      wantSeq: integer("want_seq").notNull(),
      step: text("step").notNull(),
      state: text("state").$type<"open" | "done" | "stopped" | "parked">().notNull(),
      /** How it ended, a stable word: converted, assigned, echo, baseline, review, no_policy … */
      outcome: text("outcome"),
      reason: text("reason"),
      heardBy: text("heard_by").$type<HeardBy>().notNull(),
      requestId: text("request_id"),
      data: json<RunData>("data").notNull(),
      /** Not looked at before (ms): a quiet time after our own write, a wait for what is under way. */
      dueAt: bigint("due_at").notNull(),
      startedAt: bigint("started_at").notNull(),
      finishedAt: bigint("finished_at"),
    },
    (t) => [
      index("runs_record").on(t.orgId, t.recordId),
      index("runs_finished").on(t.tenantId, t.finishedAt),
      index("runs_open").on(t.orgId, t.state),
    ],
  );

  /** The queue: one row per (kind, key) of work that is wanted. The row is the outbox of whatever wanted it. */
  const jobs = table(
    "jobs",
    {
      kind: text("kind").notNull(),
      key: text("key").notNull(),
      tenantId: integer("tenant_id").notNull(),
      /** Jobs of one group run one at a time. */
      group: text("group_key"),
      wantSeq: integer("want_seq").notNull(),
      state: text("state").$type<"waiting" | "running" | "parked">().notNull(),
      runAt: bigint("run_at").notNull(),
      attempts: integer("attempts").notNull(),
      fence: integer("fence").notNull(),
      leaseUntil: bigint("lease_until").notNull(),
      worker: text("worker"),
      payload: json<JobPayload>("payload").notNull(),
      parkedCode: text("parked_code"),
      parkedReason: text("parked_reason"),
      parkedAt: bigint("parked_at"),
      createdAt: bigint("created_at").notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.kind, t.key] }),
      index("jobs_due").on(t.state, t.runAt),
      index("jobs_lease").on(t.state, t.leaseUntil),
      index("jobs_parked").on(t.tenantId, t.state, t.parkedCode),
      uniqueIndex("jobs_group_running")
        .on(t.group)
        .where(sql`${t.state} = 'running'`),
    ],
  );

  /** What may happen once: `convert:{org}:{lead}`, `merge:{org}:{loser}`. Intent → sent → done | failed. */
  const effects = table(
    "effects",
    {
      key: text("key").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      orgId: text("org_id").notNull(),
      kind: text("kind").notNull(),
      state: text("state").$type<"intent" | "sent" | "done" | "failed">().notNull(),
      fence: integer("fence").notNull(),
      /** Who holds the effect while its outcome is open, and until when; afterwards it is read before any retry. */
      holder: text("holder"),
      deadline: bigint("deadline"),
      /** What was reserved for it; settled when its answer is known, whoever learns it. */
      reservationId: text("reservation_id"),
      request: json<JsonObject>("request").notNull(),
      result: json<JsonObject>("result"),
      createdAt: bigint("created_at").notNull(),
      finishedAt: bigint("finished_at"),
    },
    (t) => [index("effects_open").on(t.state, t.deadline)],
  );

  // ── hearing changes ────────────────────────────────────────────────────────────────────────────────────────────
  const watermarks = table(
    "watermarks",
    {
      orgId: text("org_id").notNull(),
      object: text("object").notNull(),
      /** SystemModstamp (ms): everything before it has been read. */
      watermark: bigint("watermark").notNull(),
      baselineAfterId: text("baseline_after_id"),
      baselineDone: boolean("baseline_done").notNull(),
      baselineCount: integer("baseline_count").notNull(),
      lastPollAt: bigint("last_poll_at"),
      recordsProcessed: integer("records_processed").notNull(),
      recoveredByPoll: integer("recovered_by_poll").notNull(),
    },
    (t) => [primaryKey({ columns: [t.orgId, t.object] })],
  );

  const streams = table(
    "streams",
    {
      orgId: text("org_id").notNull(),
      channel: text("channel").notNull(),
      /** Opaque; stored with the work of the event it belongs to. */
      replayId: text("replay_id"),
      state: text("state").notNull(),
      lastEventAt: bigint("last_event_at"),
      lastContactAt: bigint("last_contact_at"),
      eventsSeen: integer("events_seen").notNull(),
      gaps: integer("gaps").notNull(),
      lastError: text("last_error"),
    },
    (t) => [primaryKey({ columns: [t.orgId, t.channel] })],
  );

  /** One holder at a time, across instances: the subscriber and the poller of an org. */
  const leases = table("leases", {
    name: text("name").primaryKey(),
    holder: text("holder").notNull(),
    until: bigint("until").notNull(),
    fence: integer("fence").notNull(),
  });

  // ── money ──────────────────────────────────────────────────────────────────────────────────────────────────────
  const balances = table(
    "balances",
    {
      tenantId: integer("tenant_id").primaryKey(),
      granted: bigint("granted").notNull(),
      available: bigint("available").notNull(),
      reserved: bigint("reserved").notNull(),
      spent: bigint("spent").notNull(),
    },
    (t) => [
      check("balances_never_negative", sql`${t.available} >= 0`),
      check("reserved_never_negative", sql`${t.reserved} >= 0`),
    ],
  );

  /** Append-only, double entry: the entries of one transfer sum to zero, and so does the whole table. */
  const ledger = table(
    "ledger",
    {
      id: text("id").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      transferId: text("transfer_id").notNull(),
      account: text("account").$type<"grants" | "available" | "reserved" | "spent">().notNull(),
      amount: bigint("amount").notNull(),
      kind: text("kind").$type<"grant" | "reserve" | "settle" | "return" | "refund">().notNull(),
      /** What was bought: trigger, match, convert, assign … */
      purpose: text("purpose").notNull(),
      reservationId: text("reservation_id"),
      /** Unique where present: `charge:enrich:…`, `charge:convert:…`, `charge:assign:…`. */
      effectKey: text("effect_key"),
      requestId: text("request_id"),
      workflowId: text("workflow_id"),
      workflowRunId: text("workflow_run_id"),
      custom: json<Record<string, string>>("custom").notNull(),
      at: bigint("at").notNull(),
    },
    (t) => [
      uniqueIndex("ledger_effect").on(t.effectKey, t.account),
      index("ledger_tenant_at").on(t.tenantId, t.at),
      index("ledger_transfer").on(t.transferId),
    ],
  );

  const reservations = table(
    "reservations",
    {
      id: text("id").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      amount: bigint("amount").notNull(),
      settledAmount: bigint("settled_amount"),
      state: text("state").$type<"open" | "settled" | "returned">().notNull(),
      purpose: text("purpose").notNull(),
      requestId: text("request_id"),
      workflowId: text("workflow_id"),
      workflowRunId: text("workflow_run_id"),
      custom: json<Record<string, string>>("custom").notNull(),
      createdAt: bigint("created_at").notNull(),
      /** Returned by itself after this; null while a journey that will close it is wanted. */
      expiresAt: bigint("expires_at"),
    },
    (t) => [index("reservations_open").on(t.state, t.expiresAt)],
  );

  const idempotency = table(
    "idempotency",
    {
      tenantId: integer("tenant_id").notNull(),
      endpoint: text("endpoint").notNull(),
      key: text("key").notNull(),
      fingerprint: text("fingerprint").notNull(),
      state: text("state").$type<"running" | "done">().notNull(),
      /** The owner of the running attempt; an attempt past `leaseUntil` is taken over. */
      requestId: text("request_id").notNull(),
      leaseUntil: bigint("lease_until").notNull(),
      status: integer("status"),
      headers: json<Record<string, string>>("headers"),
      body: text("body"),
      createdAt: bigint("created_at").notNull(),
      expiresAt: bigint("expires_at").notNull(),
    },
    (t) => [primaryKey({ columns: [t.tenantId, t.endpoint, t.key] }), index("idempotency_expires").on(t.expiresAt)],
  );

  // ── what admins set (read from the org, or kept for API calls only) ────────────────────────────────────────────
  const pools = table(
    "pools",
    {
      orgId: text("org_id").notNull(),
      key: text("key").notNull(),
      tenantId: integer("tenant_id").notNull(),
      name: text("name").notNull(),
      source: text("source").$type<"org" | "api">().notNull(),
      sfId: text("sf_id"),
      active: boolean("active").notNull(),
      /** Rises by exactly one per assignment, for ever. */
      sequence: bigint("sequence").notNull(),
      updatedAt: bigint("updated_at").notNull(),
    },
    (t) => [primaryKey({ columns: [t.orgId, t.key] })],
  );

  const poolMembers = table(
    "pool_members",
    {
      orgId: text("org_id").notNull(),
      pool: text("pool").notNull(),
      userId: text("user_id").notNull(),
      position: integer("position").notNull(),
      weight: integer("weight").notNull(),
      active: boolean("active").notNull(),
      /** No turns before this moment (ms). */
      pausedUntil: bigint("paused_until"),
      pauseReason: text("pause_reason"),
      /** The rotation's memory: turns taken, and the offset that makes newcomers level (see routing/rotation.ts). */
      turns: bigint("turns").notNull(),
      standing: bigint("standing").notNull(),
      removedAt: bigint("removed_at"),
    },
    (t) => [primaryKey({ columns: [t.orgId, t.pool, t.userId] })],
  );

  const turns = table(
    "turns",
    {
      orgId: text("org_id").notNull(),
      pool: text("pool").notNull(),
      sequence: bigint("sequence").notNull(),
      tenantId: integer("tenant_id").notNull(),
      /** `turn:{org}:{pool}:{record}` for journeys; an API turn carries its request. */
      effectKey: text("effect_key"),
      object: text("object").notNull(),
      recordId: text("record_id").notNull(),
      ownerId: text("owner_id").notNull(),
      prevOwnerId: text("prev_owner_id"),
      poolSize: integer("pool_size").notNull(),
      reason: text("reason").notNull(),
      skipped: json<SkippedMember[]>("skipped").notNull(),
      /** Whether Salesforce has it: pending | done | failed (compensated in the route log). */
      write: text("write").$type<"pending" | "done" | "failed">().notNull(),
      at: bigint("at").notNull(),
      /** When Salesforce was seen to have it: an owner read before this moment says nothing against the turn. */
      writtenAt: bigint("written_at"),
    },
    (t) => [
      primaryKey({ columns: [t.orgId, t.pool, t.sequence] }),
      uniqueIndex("turns_effect").on(t.effectKey),
      index("turns_record").on(t.orgId, t.recordId, t.pool, t.at),
    ],
  );

  const policies = table(
    "policies",
    {
      orgId: text("org_id").notNull(),
      name: text("name").notNull(),
      tenantId: integer("tenant_id").notNull(),
      object: text("object").notNull(),
      order: integer("position").notNull(),
      active: boolean("active").notNull(),
      mode: text("mode").$type<"observe" | "act">().notNull(),
      body: json<PolicyBody>("body").notNull(),
      sfId: text("sf_id"),
      /** Why the policy cannot be used, when it cannot: shown to the admin, never guessed around. */
      problem: text("problem"),
      updatedAt: bigint("updated_at").notNull(),
    },
    (t) => [primaryKey({ columns: [t.orgId, t.name] })],
  );

  const users = table(
    "users",
    {
      orgId: text("org_id").notNull(),
      userId: text("user_id").notNull(),
      name: text("name").notNull(),
      email: text("email"),
      active: boolean("active").notNull(),
    },
    (t) => [primaryKey({ columns: [t.orgId, t.userId] })],
  );

  // ── explaining ─────────────────────────────────────────────────────────────────────────────────────────────────
  const routeLog = table(
    "route_log",
    {
      id: text("id").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      orgId: text("org_id").notNull(),
      at: bigint("at").notNull(),
      object: text("object").notNull(),
      objectId: text("object_id").notNull(),
      action: text("action").$type<"assign" | "convert" | "merge" | "enrich">().notNull(),
      mode: text("mode").$type<"act" | "observe">().notNull(),
      pool: text("pool"),
      assignedTo: text("assigned_to"),
      prevOwner: text("prev_owner"),
      sequence: bigint("sequence"),
      reason: text("reason").notNull(),
      requestId: text("request_id"),
      idempotencyKey: text("idempotency_key"),
      runId: text("run_id"),
      diff: json<JsonObject>("diff"),
      /** The evidence: rule, score, who was skipped and why. */
      explanation: json<JsonObject>("explanation"),
      /** One entry per change: `log:{effect}`. */
      effectKey: text("effect_key"),
    },
    (t) => [
      uniqueIndex("route_log_effect").on(t.effectKey),
      index("route_log_tenant_at").on(t.tenantId, t.at, t.id),
      index("route_log_object").on(t.orgId, t.objectId),
    ],
  );

  const reviews = table(
    "reviews",
    {
      id: text("id").primaryKey(),
      tenantId: integer("tenant_id").notNull(),
      orgId: text("org_id").notNull(),
      object: text("object").notNull(),
      recordId: text("record_id").notNull(),
      /** review_band | tie | duplicates_detected | duplicate | person_account */
      kind: text("kind").notNull(),
      state: text("state").$type<"open" | "decided">().notNull(),
      candidates: json<JsonObject[]>("candidates").notNull(),
      reason: text("reason").notNull(),
      runId: text("run_id"),
      requestId: text("request_id"),
      decision: json<JsonObject>("decision"),
      createdAt: bigint("created_at").notNull(),
      decidedAt: bigint("decided_at"),
    },
    // One open review a record: asking again finds it.
    (t) => [
      uniqueIndex("reviews_open")
        .on(t.orgId, t.recordId)
        .where(sql`${t.state} = 'open'`),
      index("reviews_tenant").on(t.tenantId, t.state, t.createdAt),
    ],
  );

  // ── matching ───────────────────────────────────────────────────────────────────────────────────────────────────
  const mirror = table(
    "mirror",
    {
      orgId: text("org_id").notNull(),
      recordId: text("record_id").notNull(),
      object: text("object").notNull(),
      fields: json<MirrorFields>("fields").notNull(),
      ownerId: text("owner_id"),
      accountId: text("account_id"),
      modstamp: bigint("modstamp").notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.orgId, t.recordId] }),
      index("mirror_object").on(t.orgId, t.object),
      index("mirror_account").on(t.orgId, t.accountId),
    ],
  );

  const mirrorKeys = table(
    "mirror_keys",
    {
      orgId: text("org_id").notNull(),
      object: text("object").notNull(),
      /** A blocking key: `email:…`, `phone:…`, `domain:…`, `company:…`, `gram:…` (see matching/block.ts). */
      key: text("key").notNull(),
      recordId: text("record_id").notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.orgId, t.object, t.key, t.recordId] }),
      index("mirror_keys_record").on(t.orgId, t.recordId),
    ],
  );

  // ── enrichment ─────────────────────────────────────────────────────────────────────────────────────────────────
  const directoryPeople = table(
    "directory_people",
    {
      tenantId: integer("tenant_id").notNull(),
      /** The tenant's own id for the row, or a hash of its identity: importing the file again updates, never doubles. */
      rowKey: text("row_key").notNull(),
      email: text("email"),
      nameCompany: text("name_company"),
      nameDomain: text("name_domain"),
      fields: json<DirectoryFields>("fields").notNull(),
      importId: text("import_id").notNull(),
      updatedAt: bigint("updated_at").notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.tenantId, t.rowKey] }),
      index("directory_people_email").on(t.tenantId, t.email),
      index("directory_people_name_company").on(t.tenantId, t.nameCompany),
      index("directory_people_name_domain").on(t.tenantId, t.nameDomain),
    ],
  );

  const directoryCompanies = table(
    "directory_companies",
    {
      tenantId: integer("tenant_id").notNull(),
      rowKey: text("row_key").notNull(),
      domain: text("domain"),
      name: text("name"),
      fields: json<DirectoryFields>("fields").notNull(),
      importId: text("import_id").notNull(),
      updatedAt: bigint("updated_at").notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.tenantId, t.rowKey] }),
      index("directory_companies_domain").on(t.tenantId, t.domain),
      index("directory_companies_name").on(t.tenantId, t.name),
    ],
  );

  const directoryImports = table("directory_imports", {
    id: text("id").primaryKey(),
    tenantId: integer("tenant_id").notNull(),
    kind: text("kind").$type<"people" | "companies">().notNull(),
    file: text("file").notNull(),
    state: text("state").$type<"running" | "done" | "failed">().notNull(),
    rows: integer("rows").notNull(),
    stored: integer("stored").notNull(),
    rejected: integer("rejected").notNull(),
    errors: json<RowError[]>("errors").notNull(),
    startedAt: bigint("started_at").notNull(),
    finishedAt: bigint("finished_at"),
  });

  /** Provider answers by normalised identity, so that the same question is not paid twice while fresh. */
  const enrichmentCache = table(
    "enrichment_cache",
    {
      tenantId: integer("tenant_id").notNull(),
      provider: text("provider").notNull(),
      identity: text("identity").notNull(),
      answer: json<EnrichmentAnswer>("answer").notNull(),
      confidence: real("confidence").notNull(),
      at: bigint("at").notNull(),
      expiresAt: bigint("expires_at").notNull(),
    },
    (t) => [primaryKey({ columns: [t.tenantId, t.provider, t.identity] })],
  );

  return {
    tenants,
    orgs,
    apiKeys,
    records,
    runs,
    jobs,
    effects,
    watermarks,
    streams,
    leases,
    balances,
    ledger,
    reservations,
    idempotency,
    pools,
    poolMembers,
    turns,
    policies,
    users,
    routeLog,
    reviews,
    mirror,
    mirrorKeys,
    directoryPeople,
    directoryCompanies,
    directoryImports,
    enrichmentCache,
  };
}

/** By which door a change was heard. */
export type HeardBy = "webhook" | "stream" | "poll" | "backfill" | "retry";

export type Tables = ReturnType<typeof defineTables>;
