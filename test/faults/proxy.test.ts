import { expect, it } from "vitest";
import { anaKim, emea, inbound } from "../support/policies.ts";
import { onBothStores } from "../support/stores.ts";
import { behindProxy, workFor } from "./network.ts";
import { unsound } from "./oracle.ts";

onBothStores("a network between service and org", (open) => {
  const inNetwork = behindProxy(open);
  const options = { pools: emea, policies: [inbound], env: { QUIET_MS: "1000" } };

  it(
    "that cuts every answer after some bytes, stalls and delays, holds a lead up and loses nothing of it",
    inNetwork(options, async (world, proxy) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearWebhook("Lead", [lead]);
      proxy.cutAfter = { direction: "down", bytes: 120 };
      proxy.reset();
      await workFor(world, 3 * 60_000, 10_000);
      expect(world.effects()).toEqual([]);
      expect((await world.runs(lead)).every((run) => run.state === "open")).toBe(true);
      proxy.cutAfter = undefined;
      proxy.reset();
      proxy.latencyMs = 5;
      proxy.pause();
      const working = workFor(world, 10 * 60_000, 10_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(world.effects()).toEqual([]);
      proxy.resume();
      await working;
      // The pause ended while time went on: what was put off meanwhile has its turn within the longest backoff.
      await workFor(world, 15 * 60_000, 30_000);
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
      expect(world.effects().filter((effect) => effect.kind === "convert")).toHaveLength(1);
      expect(await unsound(world.store)).toEqual([]);
      expect(proxy.connections()).toBeGreaterThan(3);
    }),
  );

  it(
    "that cuts requests on their way up: what the org never had whole is done once it arrives",
    inNetwork(options, async (world, proxy) => {
      const [lead = ""] = world.control.as().create("Lead", [anaKim]);
      await world.hearWebhook("Lead", [lead]);
      proxy.cutAfter = { direction: "up", bytes: 900 };
      await workFor(world, 2 * 60_000, 10_000);
      proxy.cutAfter = undefined;
      proxy.reset();
      await workFor(world, 15 * 60_000, 15_000);
      expect(await world.run(lead)).toMatchObject({ outcome: "converted" });
      expect(world.effects().filter((effect) => effect.kind === "convert")).toHaveLength(1);
      expect(await unsound(world.store)).toEqual([]);
    }),
  );
});
