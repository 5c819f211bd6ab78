/** Says how far a long command is: a bar that moves on a terminal, a line every tenth of the way elsewhere. */
import type { Terminal } from "./command.ts";

export interface Progress {
  /** `total` null: not known yet. */
  at(done: number, total: number | null): void;
  end(): void;
}

const width = 30;

export function showProgress(terminal: Terminal, what: string): Progress {
  const { rewrite } = terminal;
  let tenthsSaid = 0;
  let thousandsSaid = 0;
  return {
    at(done, total) {
      if (rewrite) {
        rewrite(barOf(what, done, total));
        return;
      }
      const tenths = total === null || total === 0 ? 0 : Math.floor((10 * done) / total);
      const thousands = Math.floor(done / 1_000);
      if (total === null ? thousands > thousandsSaid : tenths > tenthsSaid)
        terminal.out(`${what}: ${done}${total === null ? "" : ` of ${total}`}`);
      tenthsSaid = Math.max(tenths, tenthsSaid);
      thousandsSaid = thousands;
    },
    end: () => rewrite?.(""),
  };
}

export function barOf(what: string, done: number, total: number | null): string {
  if (total === null || total === 0) return `${what}  ${done}`;
  const part = Math.min(1, done / total);
  const full = Math.round(part * width);
  return `${what}  [${"█".repeat(full)}${"·".repeat(width - full)}] ${Math.floor(part * 100)} %  ${done} of ${total}`;
}
