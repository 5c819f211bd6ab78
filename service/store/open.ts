import { LanternError } from "../errors.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import type { Store } from "./store.ts";

export interface OpenOptions {
  /** The serving process itself; on SQLite it holds the file alone. */
  exclusive?: boolean;
  poolSize?: number;
  onError?: (error: Error) => void;
}

/** Opens and migrates the store named by `sqlite:<path>` or `postgres://…`. */
export async function openStore(url: string, options: OpenOptions = {}): Promise<Store> {
  if (url.startsWith("sqlite:")) {
    const path = url.slice("sqlite:".length);
    if (path === "" || path === ":memory:")
      throw new LanternError("SQLite needs a file: DATABASE_URL=sqlite:data/lantern.db", { code: "bad_database_url" });
    return openSqlite({ path, exclusive: options.exclusive ?? false });
  }
  if (/^postgres(ql)?:\/\//.test(url))
    return openPostgres({
      url,
      ...(options.poolSize === undefined ? {} : { poolSize: options.poolSize }),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
  throw new LanternError("DATABASE_URL must begin with sqlite: or postgres://", { code: "bad_database_url" });
}
