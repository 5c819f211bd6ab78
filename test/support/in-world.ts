import { makeWorld, type World, type WorldOptions } from "./world.ts";
import type { OpenStore } from "./stores.ts";

/** Runs a test in a world of its own, and takes the world down whatever happens. */
export const inWorlds =
  (open: OpenStore) => (options: WorldOptions, test: (world: World) => Promise<void>) => async (): Promise<void> => {
    const world = await makeWorld(await open(), options);
    try {
      await test(world);
    } finally {
      await world.close();
    }
  };
