CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"org_id" text,
	"mode" text NOT NULL,
	"name" text NOT NULL,
	"secret_hash" text NOT NULL,
	"scopes" jsonb NOT NULL,
	"limits" jsonb NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint,
	"revoked_at" bigint,
	"last_used_at" bigint
);
--> statement-breakpoint
CREATE TABLE "balances" (
	"tenant_id" integer PRIMARY KEY NOT NULL,
	"granted" bigint NOT NULL,
	"available" bigint NOT NULL,
	"reserved" bigint NOT NULL,
	"spent" bigint NOT NULL,
	CONSTRAINT "balances_never_negative" CHECK ("balances"."available" >= 0),
	CONSTRAINT "reserved_never_negative" CHECK ("balances"."reserved" >= 0)
);
--> statement-breakpoint
CREATE TABLE "directory_companies" (
	"tenant_id" integer NOT NULL,
	"row_key" text NOT NULL,
	"domain" text,
	"name" text,
	"fields" jsonb NOT NULL,
	"import_id" text NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "directory_companies_tenant_id_row_key_pk" PRIMARY KEY("tenant_id","row_key")
);
--> statement-breakpoint
CREATE TABLE "directory_imports" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"kind" text NOT NULL,
	"file" text NOT NULL,
	"state" text NOT NULL,
	"rows" integer NOT NULL,
	"stored" integer NOT NULL,
	"rejected" integer NOT NULL,
	"errors" jsonb NOT NULL,
	"started_at" bigint NOT NULL,
	"finished_at" bigint
);
--> statement-breakpoint
CREATE TABLE "directory_people" (
	"tenant_id" integer NOT NULL,
	"row_key" text NOT NULL,
	"email" text,
	"name_company" text,
	"name_domain" text,
	"fields" jsonb NOT NULL,
	"import_id" text NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "directory_people_tenant_id_row_key_pk" PRIMARY KEY("tenant_id","row_key")
);
--> statement-breakpoint
CREATE TABLE "effects" (
	"key" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"org_id" text NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"fence" integer NOT NULL,
	"holder" text,
	"deadline" bigint,
	"reservation_id" text,
	"request" jsonb NOT NULL,
	"result" jsonb,
	"created_at" bigint NOT NULL,
	"finished_at" bigint
);
--> statement-breakpoint
CREATE TABLE "enrichment_cache" (
	"tenant_id" integer NOT NULL,
	"provider" text NOT NULL,
	"identity" text NOT NULL,
	"answer" jsonb NOT NULL,
	"confidence" double precision NOT NULL,
	"at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "enrichment_cache_tenant_id_provider_identity_pk" PRIMARY KEY("tenant_id","provider","identity")
);
--> statement-breakpoint
CREATE TABLE "idempotency" (
	"tenant_id" integer NOT NULL,
	"endpoint" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"state" text NOT NULL,
	"request_id" text NOT NULL,
	"lease_until" bigint NOT NULL,
	"status" integer,
	"headers" jsonb,
	"body" text,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "idempotency_tenant_id_endpoint_key_pk" PRIMARY KEY("tenant_id","endpoint","key")
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"tenant_id" integer NOT NULL,
	"group_key" text,
	"want_seq" integer NOT NULL,
	"state" text NOT NULL,
	"run_at" bigint NOT NULL,
	"attempts" integer NOT NULL,
	"fence" integer NOT NULL,
	"lease_until" bigint NOT NULL,
	"worker" text,
	"payload" jsonb NOT NULL,
	"parked_code" text,
	"parked_reason" text,
	"parked_at" bigint,
	"created_at" bigint NOT NULL,
	CONSTRAINT "jobs_kind_key_pk" PRIMARY KEY("kind","key")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"until" bigint NOT NULL,
	"fence" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"transfer_id" text NOT NULL,
	"account" text NOT NULL,
	"amount" bigint NOT NULL,
	"kind" text NOT NULL,
	"purpose" text NOT NULL,
	"reservation_id" text,
	"effect_key" text,
	"request_id" text,
	"workflow_id" text,
	"workflow_run_id" text,
	"custom" jsonb NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mirror" (
	"org_id" text NOT NULL,
	"record_id" text NOT NULL,
	"object" text NOT NULL,
	"fields" jsonb NOT NULL,
	"owner_id" text,
	"account_id" text,
	"modstamp" bigint NOT NULL,
	CONSTRAINT "mirror_org_id_record_id_pk" PRIMARY KEY("org_id","record_id")
);
--> statement-breakpoint
CREATE TABLE "mirror_keys" (
	"org_id" text NOT NULL,
	"object" text NOT NULL,
	"key" text NOT NULL,
	"record_id" text NOT NULL,
	CONSTRAINT "mirror_keys_org_id_object_key_record_id_pk" PRIMARY KEY("org_id","object","key","record_id")
);
--> statement-breakpoint
CREATE TABLE "orgs" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"name" text NOT NULL,
	"instance_url" text NOT NULL,
	"sandbox" boolean NOT NULL,
	"state" text NOT NULL,
	"integration_user_id" text NOT NULL,
	"connected_at" bigint NOT NULL,
	"baseline_done_at" bigint,
	"settings" jsonb NOT NULL,
	"settings_read_at" bigint,
	"last_poll_at" bigint,
	"next_poll_at" bigint
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"org_id" text NOT NULL,
	"name" text NOT NULL,
	"tenant_id" integer NOT NULL,
	"object" text NOT NULL,
	"position" integer NOT NULL,
	"active" boolean NOT NULL,
	"mode" text NOT NULL,
	"body" jsonb NOT NULL,
	"sf_id" text,
	"problem" text,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "policies_org_id_name_pk" PRIMARY KEY("org_id","name")
);
--> statement-breakpoint
CREATE TABLE "pool_members" (
	"org_id" text NOT NULL,
	"pool" text NOT NULL,
	"user_id" text NOT NULL,
	"position" integer NOT NULL,
	"weight" integer NOT NULL,
	"active" boolean NOT NULL,
	"paused_until" bigint,
	"pause_reason" text,
	"turns" bigint NOT NULL,
	"standing" bigint NOT NULL,
	"removed_at" bigint,
	CONSTRAINT "pool_members_org_id_pool_user_id_pk" PRIMARY KEY("org_id","pool","user_id")
);
--> statement-breakpoint
CREATE TABLE "pools" (
	"org_id" text NOT NULL,
	"key" text NOT NULL,
	"tenant_id" integer NOT NULL,
	"name" text NOT NULL,
	"source" text NOT NULL,
	"sf_id" text,
	"active" boolean NOT NULL,
	"sequence" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "pools_org_id_key_pk" PRIMARY KEY("org_id","key")
);
--> statement-breakpoint
CREATE TABLE "records" (
	"org_id" text NOT NULL,
	"record_id" text NOT NULL,
	"tenant_id" integer NOT NULL,
	"object" text NOT NULL,
	"want_seq" integer NOT NULL,
	"done_seq" integer NOT NULL,
	"seen_modstamp" bigint,
	"handled_hash" text,
	"run_id" text,
	"reservation_id" text,
	"first_heard_by" text,
	"first_heard_at" bigint,
	"written_at" bigint,
	"paid_looks" jsonb NOT NULL,
	"routed_at" bigint,
	"deleted_at" bigint,
	"successor_id" text,
	CONSTRAINT "records_org_id_record_id_pk" PRIMARY KEY("org_id","record_id")
);
--> statement-breakpoint
CREATE TABLE "reservations" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"amount" bigint NOT NULL,
	"settled_amount" bigint,
	"state" text NOT NULL,
	"purpose" text NOT NULL,
	"request_id" text,
	"workflow_id" text,
	"workflow_run_id" text,
	"custom" jsonb NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint
);
--> statement-breakpoint
CREATE TABLE "reviews" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"org_id" text NOT NULL,
	"object" text NOT NULL,
	"record_id" text NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"candidates" jsonb NOT NULL,
	"reason" text NOT NULL,
	"run_id" text,
	"request_id" text,
	"decision" jsonb,
	"created_at" bigint NOT NULL,
	"decided_at" bigint
);
--> statement-breakpoint
CREATE TABLE "route_log" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"org_id" text NOT NULL,
	"at" bigint NOT NULL,
	"object" text NOT NULL,
	"object_id" text NOT NULL,
	"action" text NOT NULL,
	"mode" text NOT NULL,
	"pool" text,
	"assigned_to" text,
	"prev_owner" text,
	"sequence" bigint,
	"reason" text NOT NULL,
	"request_id" text,
	"idempotency_key" text,
	"run_id" text,
	"diff" jsonb,
	"explanation" jsonb,
	"effect_key" text
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" integer NOT NULL,
	"org_id" text NOT NULL,
	"record_id" text NOT NULL,
	"object" text NOT NULL,
	"want_seq" integer NOT NULL,
	"step" text NOT NULL,
	"state" text NOT NULL,
	"outcome" text,
	"reason" text,
	"heard_by" text NOT NULL,
	"request_id" text,
	"data" jsonb NOT NULL,
	"due_at" bigint NOT NULL,
	"started_at" bigint NOT NULL,
	"finished_at" bigint
);
--> statement-breakpoint
CREATE TABLE "streams" (
	"org_id" text NOT NULL,
	"channel" text NOT NULL,
	"replay_id" text,
	"state" text NOT NULL,
	"last_event_at" bigint,
	"last_contact_at" bigint,
	"events_seen" integer NOT NULL,
	"gaps" integer NOT NULL,
	"last_error" text,
	CONSTRAINT "streams_org_id_channel_pk" PRIMARY KEY("org_id","channel")
);
--> statement-breakpoint
CREATE TABLE "tenants" (
	"id" integer PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "turns" (
	"org_id" text NOT NULL,
	"pool" text NOT NULL,
	"sequence" bigint NOT NULL,
	"tenant_id" integer NOT NULL,
	"effect_key" text,
	"object" text NOT NULL,
	"record_id" text NOT NULL,
	"owner_id" text NOT NULL,
	"prev_owner_id" text,
	"pool_size" integer NOT NULL,
	"reason" text NOT NULL,
	"skipped" jsonb NOT NULL,
	"write" text NOT NULL,
	"at" bigint NOT NULL,
	"written_at" bigint,
	CONSTRAINT "turns_org_id_pool_sequence_pk" PRIMARY KEY("org_id","pool","sequence")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"org_id" text NOT NULL,
	"user_id" text NOT NULL,
	"name" text NOT NULL,
	"email" text,
	"active" boolean NOT NULL,
	CONSTRAINT "users_org_id_user_id_pk" PRIMARY KEY("org_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "watermarks" (
	"org_id" text NOT NULL,
	"object" text NOT NULL,
	"watermark" bigint NOT NULL,
	"baseline_after_id" text,
	"baseline_done" boolean NOT NULL,
	"baseline_count" integer NOT NULL,
	"last_poll_at" bigint,
	"records_processed" integer NOT NULL,
	"recovered_by_poll" integer NOT NULL,
	CONSTRAINT "watermarks_org_id_object_pk" PRIMARY KEY("org_id","object")
);
--> statement-breakpoint
CREATE INDEX "api_keys_tenant" ON "api_keys" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "directory_companies_domain" ON "directory_companies" USING btree ("tenant_id","domain");--> statement-breakpoint
CREATE INDEX "directory_companies_name" ON "directory_companies" USING btree ("tenant_id","name");--> statement-breakpoint
CREATE INDEX "directory_people_email" ON "directory_people" USING btree ("tenant_id","email");--> statement-breakpoint
CREATE INDEX "directory_people_name_company" ON "directory_people" USING btree ("tenant_id","name_company");--> statement-breakpoint
CREATE INDEX "directory_people_name_domain" ON "directory_people" USING btree ("tenant_id","name_domain");--> statement-breakpoint
CREATE INDEX "effects_open" ON "effects" USING btree ("state","deadline");--> statement-breakpoint
CREATE INDEX "idempotency_expires" ON "idempotency" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "jobs_due" ON "jobs" USING btree ("state","run_at");--> statement-breakpoint
CREATE INDEX "jobs_lease" ON "jobs" USING btree ("state","lease_until");--> statement-breakpoint
CREATE INDEX "jobs_parked" ON "jobs" USING btree ("tenant_id","state","parked_code");--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_group_running" ON "jobs" USING btree ("group_key") WHERE "jobs"."state" = 'running';--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_effect" ON "ledger" USING btree ("effect_key","account");--> statement-breakpoint
CREATE INDEX "ledger_tenant_at" ON "ledger" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE INDEX "ledger_transfer" ON "ledger" USING btree ("transfer_id");--> statement-breakpoint
CREATE INDEX "mirror_object" ON "mirror" USING btree ("org_id","object");--> statement-breakpoint
CREATE INDEX "mirror_account" ON "mirror" USING btree ("org_id","account_id");--> statement-breakpoint
CREATE INDEX "mirror_keys_record" ON "mirror_keys" USING btree ("org_id","record_id");--> statement-breakpoint
CREATE INDEX "orgs_tenant" ON "orgs" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "records_tenant" ON "records" USING btree ("tenant_id","object");--> statement-breakpoint
CREATE INDEX "reservations_open" ON "reservations" USING btree ("state","expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "reviews_open" ON "reviews" USING btree ("org_id","record_id") WHERE "reviews"."state" = 'open';--> statement-breakpoint
CREATE INDEX "reviews_tenant" ON "reviews" USING btree ("tenant_id","state","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "route_log_effect" ON "route_log" USING btree ("effect_key");--> statement-breakpoint
CREATE INDEX "route_log_tenant_at" ON "route_log" USING btree ("tenant_id","at","id");--> statement-breakpoint
CREATE INDEX "route_log_object" ON "route_log" USING btree ("org_id","object_id");--> statement-breakpoint
CREATE INDEX "runs_record" ON "runs" USING btree ("org_id","record_id");--> statement-breakpoint
CREATE INDEX "runs_finished" ON "runs" USING btree ("tenant_id","finished_at");--> statement-breakpoint
CREATE INDEX "runs_open" ON "runs" USING btree ("org_id","state");--> statement-breakpoint
CREATE UNIQUE INDEX "turns_effect" ON "turns" USING btree ("effect_key");--> statement-breakpoint
CREATE INDEX "turns_record" ON "turns" USING btree ("org_id","record_id","pool","at");