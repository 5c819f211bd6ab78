/** A world whose org is reached through a network that misbehaves when told to. */
import type { OpenStore } from "../support/stores.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";
import { startProxy, type Proxy } from "./proxy.ts";

export const behindProxy =
  (open: OpenStore) =>
  (options: WorldOptions, test: (world: World, proxy: Proxy) => Promise<void>) =>
  async (): Promise<void> => {
    const proxy = await startProxy();
    try {
      const world = await makeWorld(await open(), {
        ...options,
        env: { ...options.env, SALESFORCE_LOGIN_URL: proxy.url },
        before: (control, org) => {
          proxy.aim(org.url);
          options.before?.(control, org);
        },
      });
      try {
        await test(world, proxy);
      } finally {
        await world.close();
      }
    } finally {
      await proxy.close();
    }
  };

/** Works on until nothing is left that is due within `ms`, second by second as far as needed. */
export async function workFor(world: World, ms: number, stepMs = 1_000): Promise<void> {
  // The worker itself: `world.work` would move the clock on by a second of its own.
  await world.app.worker.drain();
  for (let passed = 0; passed < ms; passed += stepMs) {
    await world.advance(stepMs);
    await world.app.worker.drain();
  }
}
