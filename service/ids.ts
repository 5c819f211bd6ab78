import { randomBytes } from "node:crypto";

/** Makes ids that carry their type: `run_…`, `req_…`. Injected, so that tests can name them beforehand. */
export interface Ids {
  next(prefix: string): string;
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Time-ordered and unguessable: 9 characters of time, 16 random ones (82 bits). */
export const randomIds: Ids = {
  next(prefix) {
    let tail = "";
    for (const byte of randomBytes(16)) tail += alphabet.charAt(byte % 36);
    return `${prefix}_${Date.now().toString(36).padStart(9, "0")}${tail}`;
  },
};
