import { expect, it } from "vitest";
import { checkPools } from "../../service/routing/check-pools.ts";
import { found } from "./setting.ts";

it("names what is wrong with the org's pools, and uses the rest", () => {
  const given = found({ emea: [{ user: 1 }, { user: 2, weight: 0 }, { user: 3, weight: 2.5 }], apac: [{ user: 1 }] });
  const { pools, problems } = checkPools({
    ...given,
    pools: [
      ...given.pools,
      { sfId: "zz", key: "emea", name: "again", active: true },
      { sfId: "zzz", key: "  ", name: "nameless", active: true },
    ],
    members: [
      ...given.members,
      ...given.members.slice(0, 1).map((m) => ({ ...m, sfId: "twice", weight: 5, position: 9 })),
      ...given.members.slice(0, 1).map((m) => ({ ...m, sfId: "nobody", userId: null })),
      ...given.members.slice(0, 1).map((m) => ({ ...m, sfId: "stray", poolSfId: "elsewhere" })),
    ],
  });
  expect(problems.map((p) => p.problem).sort()).toEqual(
    ["key_taken", "no_key", "twice", "no_user", "bad_weight", "bad_weight"].sort(),
  );
  expect(pools.map((p) => p.key)).toEqual(["apac", "emea"]);
  expect(pools[1]?.members.map((m) => m.weight)).toEqual([1, 1, 3]);
});

it("takes a weight that is not set for 1", () => {
  const given = found({ emea: [{ user: 1 }] });
  const { pools, problems } = checkPools({ ...given, members: given.members.map((m) => ({ ...m, weight: null })) });
  expect(problems).toEqual([]);
  expect(pools[0]?.members[0]?.weight).toBe(1);
});
