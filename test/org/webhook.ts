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

export class Webhook {
  readonly #orgId: () => string;
  #target: WebhookTarget | undefined;
  #queue: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();
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
    this.#stop.abort();
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
    try {
      const response = await fetch(`${target.url}/v1/triggers/salesforce`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${target.apiKey}` },
        body: JSON.stringify(body),
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(10_000)]),
      });
      await response.arrayBuffer();
      if (response.ok) this.#report.sent++;
      else this.#report.failed++;
    } catch {
      this.#report.failed++;
    }
  }
}
