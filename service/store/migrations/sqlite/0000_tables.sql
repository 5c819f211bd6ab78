CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`org_id` text,
	`mode` text NOT NULL,
	`name` text NOT NULL,
	`secret_hash` text NOT NULL,
	`scopes` text NOT NULL,
	`limits` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	`last_used_at` integer
);
--> statement-breakpoint
CREATE INDEX `api_keys_tenant` ON `api_keys` (`tenant_id`);--> statement-breakpoint
CREATE TABLE `balances` (
	`tenant_id` integer PRIMARY KEY NOT NULL,
	`granted` integer NOT NULL,
	`available` integer NOT NULL,
	`reserved` integer NOT NULL,
	`spent` integer NOT NULL,
	CONSTRAINT "balances_never_negative" CHECK("balances"."available" >= 0),
	CONSTRAINT "reserved_never_negative" CHECK("balances"."reserved" >= 0)
);
--> statement-breakpoint
CREATE TABLE `directory_companies` (
	`tenant_id` integer NOT NULL,
	`row_key` text NOT NULL,
	`domain` text,
	`name` text,
	`fields` text NOT NULL,
	`import_id` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `row_key`)
);
--> statement-breakpoint
CREATE INDEX `directory_companies_domain` ON `directory_companies` (`tenant_id`,`domain`);--> statement-breakpoint
CREATE INDEX `directory_companies_name` ON `directory_companies` (`tenant_id`,`name`);--> statement-breakpoint
CREATE TABLE `directory_imports` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`kind` text NOT NULL,
	`file` text NOT NULL,
	`state` text NOT NULL,
	`rows` integer NOT NULL,
	`stored` integer NOT NULL,
	`rejected` integer NOT NULL,
	`errors` text NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE TABLE `directory_people` (
	`tenant_id` integer NOT NULL,
	`row_key` text NOT NULL,
	`email` text,
	`name_company` text,
	`name_domain` text,
	`fields` text NOT NULL,
	`import_id` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `row_key`)
);
--> statement-breakpoint
CREATE INDEX `directory_people_email` ON `directory_people` (`tenant_id`,`email`);--> statement-breakpoint
CREATE INDEX `directory_people_name_company` ON `directory_people` (`tenant_id`,`name_company`);--> statement-breakpoint
CREATE INDEX `directory_people_name_domain` ON `directory_people` (`tenant_id`,`name_domain`);--> statement-breakpoint
CREATE TABLE `effects` (
	`key` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`org_id` text NOT NULL,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`fence` integer NOT NULL,
	`holder` text,
	`deadline` integer,
	`reservation_id` text,
	`request` text NOT NULL,
	`result` text,
	`created_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `effects_open` ON `effects` (`state`,`deadline`);--> statement-breakpoint
CREATE TABLE `enrichment_cache` (
	`tenant_id` integer NOT NULL,
	`provider` text NOT NULL,
	`identity` text NOT NULL,
	`answer` text NOT NULL,
	`confidence` real NOT NULL,
	`at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `provider`, `identity`)
);
--> statement-breakpoint
CREATE TABLE `idempotency` (
	`tenant_id` integer NOT NULL,
	`endpoint` text NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`state` text NOT NULL,
	`request_id` text NOT NULL,
	`lease_until` integer NOT NULL,
	`status` integer,
	`headers` text,
	`body` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `endpoint`, `key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_expires` ON `idempotency` (`expires_at`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`kind` text NOT NULL,
	`key` text NOT NULL,
	`tenant_id` integer NOT NULL,
	`group_key` text,
	`want_seq` integer NOT NULL,
	`state` text NOT NULL,
	`run_at` integer NOT NULL,
	`attempts` integer NOT NULL,
	`fence` integer NOT NULL,
	`lease_until` integer NOT NULL,
	`worker` text,
	`payload` text NOT NULL,
	`parked_code` text,
	`parked_reason` text,
	`parked_at` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`kind`, `key`)
);
--> statement-breakpoint
CREATE INDEX `jobs_due` ON `jobs` (`state`,`run_at`);--> statement-breakpoint
CREATE INDEX `jobs_lease` ON `jobs` (`state`,`lease_until`);--> statement-breakpoint
CREATE INDEX `jobs_parked` ON `jobs` (`tenant_id`,`state`,`parked_code`);--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_group_running` ON `jobs` (`group_key`) WHERE "jobs"."state" = 'running';--> statement-breakpoint
CREATE TABLE `leases` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` text NOT NULL,
	`until` integer NOT NULL,
	`fence` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `ledger` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`transfer_id` text NOT NULL,
	`account` text NOT NULL,
	`amount` integer NOT NULL,
	`kind` text NOT NULL,
	`purpose` text NOT NULL,
	`reservation_id` text,
	`effect_key` text,
	`request_id` text,
	`workflow_id` text,
	`workflow_run_id` text,
	`custom` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_effect` ON `ledger` (`effect_key`,`account`);--> statement-breakpoint
CREATE INDEX `ledger_tenant_at` ON `ledger` (`tenant_id`,`at`);--> statement-breakpoint
CREATE INDEX `ledger_transfer` ON `ledger` (`transfer_id`);--> statement-breakpoint
CREATE TABLE `mirror` (
	`org_id` text NOT NULL,
	`record_id` text NOT NULL,
	`object` text NOT NULL,
	`fields` text NOT NULL,
	`owner_id` text,
	`account_id` text,
	`modstamp` integer NOT NULL,
	PRIMARY KEY(`org_id`, `record_id`)
);
--> statement-breakpoint
CREATE INDEX `mirror_object` ON `mirror` (`org_id`,`object`);--> statement-breakpoint
CREATE INDEX `mirror_account` ON `mirror` (`org_id`,`account_id`);--> statement-breakpoint
CREATE TABLE `mirror_keys` (
	`org_id` text NOT NULL,
	`object` text NOT NULL,
	`key` text NOT NULL,
	`record_id` text NOT NULL,
	PRIMARY KEY(`org_id`, `object`, `key`, `record_id`)
);
--> statement-breakpoint
CREATE INDEX `mirror_keys_record` ON `mirror_keys` (`org_id`,`record_id`);--> statement-breakpoint
CREATE TABLE `orgs` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`name` text NOT NULL,
	`instance_url` text NOT NULL,
	`sandbox` integer NOT NULL,
	`state` text NOT NULL,
	`integration_user_id` text NOT NULL,
	`connected_at` integer NOT NULL,
	`baseline_done_at` integer,
	`settings` text NOT NULL,
	`settings_read_at` integer,
	`last_poll_at` integer,
	`next_poll_at` integer
);
--> statement-breakpoint
CREATE INDEX `orgs_tenant` ON `orgs` (`tenant_id`);--> statement-breakpoint
CREATE TABLE `policies` (
	`org_id` text NOT NULL,
	`name` text NOT NULL,
	`tenant_id` integer NOT NULL,
	`object` text NOT NULL,
	`position` integer NOT NULL,
	`active` integer NOT NULL,
	`mode` text NOT NULL,
	`body` text NOT NULL,
	`sf_id` text,
	`problem` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`org_id`, `name`)
);
--> statement-breakpoint
CREATE TABLE `pool_members` (
	`org_id` text NOT NULL,
	`pool` text NOT NULL,
	`user_id` text NOT NULL,
	`position` integer NOT NULL,
	`weight` integer NOT NULL,
	`active` integer NOT NULL,
	`paused_until` integer,
	`pause_reason` text,
	`turns` integer NOT NULL,
	`standing` integer NOT NULL,
	`removed_at` integer,
	PRIMARY KEY(`org_id`, `pool`, `user_id`)
);
--> statement-breakpoint
CREATE TABLE `pools` (
	`org_id` text NOT NULL,
	`key` text NOT NULL,
	`tenant_id` integer NOT NULL,
	`name` text NOT NULL,
	`source` text NOT NULL,
	`sf_id` text,
	`active` integer NOT NULL,
	`sequence` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`org_id`, `key`)
);
--> statement-breakpoint
CREATE TABLE `records` (
	`org_id` text NOT NULL,
	`record_id` text NOT NULL,
	`tenant_id` integer NOT NULL,
	`object` text NOT NULL,
	`want_seq` integer NOT NULL,
	`done_seq` integer NOT NULL,
	`seen_modstamp` integer,
	`handled_hash` text,
	`run_id` text,
	`reservation_id` text,
	`first_heard_by` text,
	`first_heard_at` integer,
	`written_at` integer,
	`paid_looks` text NOT NULL,
	`routed_at` integer,
	`deleted_at` integer,
	`successor_id` text,
	PRIMARY KEY(`org_id`, `record_id`)
);
--> statement-breakpoint
CREATE INDEX `records_tenant` ON `records` (`tenant_id`,`object`);--> statement-breakpoint
CREATE TABLE `reservations` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`amount` integer NOT NULL,
	`settled_amount` integer,
	`state` text NOT NULL,
	`purpose` text NOT NULL,
	`request_id` text,
	`workflow_id` text,
	`workflow_run_id` text,
	`custom` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE INDEX `reservations_open` ON `reservations` (`state`,`expires_at`);--> statement-breakpoint
CREATE TABLE `reviews` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`org_id` text NOT NULL,
	`object` text NOT NULL,
	`record_id` text NOT NULL,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`candidates` text NOT NULL,
	`reason` text NOT NULL,
	`run_id` text,
	`request_id` text,
	`decision` text,
	`created_at` integer NOT NULL,
	`decided_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `reviews_open` ON `reviews` (`org_id`,`record_id`) WHERE "reviews"."state" = 'open';--> statement-breakpoint
CREATE INDEX `reviews_tenant` ON `reviews` (`tenant_id`,`state`,`created_at`);--> statement-breakpoint
CREATE TABLE `route_log` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`org_id` text NOT NULL,
	`at` integer NOT NULL,
	`object` text NOT NULL,
	`object_id` text NOT NULL,
	`action` text NOT NULL,
	`mode` text NOT NULL,
	`pool` text,
	`assigned_to` text,
	`prev_owner` text,
	`sequence` integer,
	`reason` text NOT NULL,
	`request_id` text,
	`idempotency_key` text,
	`run_id` text,
	`diff` text,
	`explanation` text,
	`effect_key` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `route_log_effect` ON `route_log` (`effect_key`);--> statement-breakpoint
CREATE INDEX `route_log_tenant_at` ON `route_log` (`tenant_id`,`at`,`id`);--> statement-breakpoint
CREATE INDEX `route_log_object` ON `route_log` (`org_id`,`object_id`);--> statement-breakpoint
CREATE TABLE `runs` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` integer NOT NULL,
	`org_id` text NOT NULL,
	`record_id` text NOT NULL,
	`object` text NOT NULL,
	`want_seq` integer NOT NULL,
	`step` text NOT NULL,
	`state` text NOT NULL,
	`outcome` text,
	`reason` text,
	`heard_by` text NOT NULL,
	`request_id` text,
	`data` text NOT NULL,
	`due_at` integer NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `runs_record` ON `runs` (`org_id`,`record_id`);--> statement-breakpoint
CREATE INDEX `runs_finished` ON `runs` (`tenant_id`,`finished_at`);--> statement-breakpoint
CREATE INDEX `runs_open` ON `runs` (`org_id`,`state`);--> statement-breakpoint
CREATE TABLE `streams` (
	`org_id` text NOT NULL,
	`channel` text NOT NULL,
	`replay_id` text,
	`state` text NOT NULL,
	`last_event_at` integer,
	`last_contact_at` integer,
	`events_seen` integer NOT NULL,
	`gaps` integer NOT NULL,
	`last_error` text,
	PRIMARY KEY(`org_id`, `channel`)
);
--> statement-breakpoint
CREATE TABLE `tenants` (
	`id` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `turns` (
	`org_id` text NOT NULL,
	`pool` text NOT NULL,
	`sequence` integer NOT NULL,
	`tenant_id` integer NOT NULL,
	`effect_key` text,
	`object` text NOT NULL,
	`record_id` text NOT NULL,
	`owner_id` text NOT NULL,
	`prev_owner_id` text,
	`pool_size` integer NOT NULL,
	`reason` text NOT NULL,
	`skipped` text NOT NULL,
	`write` text NOT NULL,
	`at` integer NOT NULL,
	`written_at` integer,
	PRIMARY KEY(`org_id`, `pool`, `sequence`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `turns_effect` ON `turns` (`effect_key`);--> statement-breakpoint
CREATE INDEX `turns_record` ON `turns` (`org_id`,`record_id`,`pool`,`at`);--> statement-breakpoint
CREATE TABLE `users` (
	`org_id` text NOT NULL,
	`user_id` text NOT NULL,
	`name` text NOT NULL,
	`email` text,
	`active` integer NOT NULL,
	PRIMARY KEY(`org_id`, `user_id`)
);
--> statement-breakpoint
CREATE TABLE `watermarks` (
	`org_id` text NOT NULL,
	`object` text NOT NULL,
	`watermark` integer NOT NULL,
	`baseline_after_id` text,
	`baseline_done` integer NOT NULL,
	`baseline_count` integer NOT NULL,
	`last_poll_at` integer,
	`records_processed` integer NOT NULL,
	`recovered_by_poll` integer NOT NULL,
	PRIMARY KEY(`org_id`, `object`)
);
