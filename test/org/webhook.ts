/** Stands for the package's Queueable: after a commit, outside it, the ids are posted to the service; never repeated. */
import type { Announcement } from "./triggers.ts";

export interface WebhookTarget {
  url: string;
  apiKey: string;
}
export interface WebhookReport {
  sent: number;
  /** Answered with an error, or not at all. */
  failed: number;
  waiting: number;
}

const idsPerCall = 100;
/** As Apex callouts have it. */
const timeoutMs = 10_000;

export class Webhook {
  readonly #orgId: () => string;
  #target: WebhookTarget | undefined;
  #queue: Promise<void> = Promise.resolve();
  #current: AbortController | undefined;
  #stopped = false;
  readonly #report: WebhookReport = { sent: 0, failed: 0, waiting: 0 };

  constructor(orgId: () => string, target: WebhookTarget | undefined) {
    this.#orgId = orgId;
    this.#target = target;
  }
  aim(target: WebhookTarget | undefined): void {
    this.#target = target;
  }
  report(): WebhookReport {
    return { ...this.#report };
  }
  /** Resolves when everything queued so far was sent or failed. */
  idle(): Promise<void> {
    return this.#queue;
  }
  stop(): void {
    this.#stopped = true;
    this.#current?.abort();
  }
  enqueue(announcements: readonly Announcement[]): void {
    const target = this.#target;
    if (!target) return;
    for (const { object, change, ids } of announcements)
      for (let at = 0; at < ids.length; at += idsPerCall) {
        const body = { object, ids: ids.slice(at, at + idsPerCall), event: change, org_id: this.#orgId() };
        this.#report.waiting++;
        this.#queue = this.#queue.then(() => this.#post(target, body));
      }
  }
  async #post(target: WebhookTarget, body: unknown): Promise<void> {
    this.#report.waiting--;
    if (this.#stopped) return;
    const current = (this.#current = new AbortController());
    const timer = setTimeout(() => current.abort(), timeoutMs);
    try {
      const response = await fetch(`${target.url}/v1/triggers/salesforce`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${target.apiKey}` },
        body: JSON.stringify(body),
        signal: current.signal,
      });
      await response.arrayBuffer();
      if (response.ok) this.#report.sent++;
      else this.#report.failed++;
    } catch {
      this.#report.failed++;
    } finally {
      clearTimeout(timer);
    }
  }
}
