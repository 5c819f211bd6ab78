import { eq } from "drizzle-orm";
import type { Tx } from "../store/store.ts";
import type { UserFound } from "./check-pools.ts";

/** Saves names and activity of the users given; others stay as they were last read. */
export async function syncUsers(tx: Tx, orgId: string, found: readonly UserFound[]): Promise<void> {
  const { users } = tx.t;
  const before = new Map(
    (await tx.db.select().from(users).where(eq(users.orgId, orgId))).map((user) => [user.userId, user]),
  );
  for (const user of found) {
    const was = before.get(user.userId);
    if (was && was.name === user.name && was.email === user.email && was.active === user.active) continue;
    const facts = { name: user.name, email: user.email, active: user.active };
    await tx.db
      .insert(users)
      .values({ orgId, userId: user.userId, ...facts })
      .onConflictDoUpdate({ target: [users.orgId, users.userId], set: facts });
  }
}
