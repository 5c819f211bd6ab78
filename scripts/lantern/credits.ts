/** Credits: what is there, and adding some. */
import { balanceOf, grant } from "../../service/credits/index.ts";
import { redrive } from "../../service/queue/queue.ts";
import { readArgs, tenant, UsageError, withStore, type Command } from "./command.ts";

export const grantCredits: Command = {
  name: "credits grant",
  usage: "AMOUNT [--reason TEXT]",
  about: "adds credits; work parked for want of them goes on",
  async run(argv, outside) {
    const { values, positionals } = readArgs(argv, { options: { reason: { type: "string" } }, words: 1 });
    const amount = hundredthsOf(positionals[0] ?? "");
    await withStore(outside, async ({ store, ctx }) => {
      const done = await store.write(async (tx) => {
        await grant(tx, ctx, amount, values.reason ?? "grant");
        const resumed = await redrive(tx, { tenant, code: "credits_short" }, ctx.clock.now());
        return { resumed, balance: await balanceOf(tx, tenant) };
      });
      const going = done.resumed === 0 ? "" : `; ${done.resumed} parked pieces of work go on`;
      outside.terminal.out(`Granted ${amount / 100}. ${done.balance.available / 100} credits are left${going}.`);
    });
  },
};

function hundredthsOf(text: string): number {
  const hundredths = Math.round(Number(text) * 100);
  if (!/^\d+(\.\d{1,2})?$/.test(text) || hundredths < 1)
    throw new UsageError(`“${text}” is not an amount of credits: a number above 0 with at most two decimals.`);
  return hundredths;
}

export const showBalance: Command = {
  name: "credits balance",
  usage: "",
  about: "shows what was granted, is left, reserved and spent",
  async run(argv, outside) {
    readArgs(argv, {});
    await withStore(outside, async ({ store }) => {
      const { granted, available, reserved, spent } = await store.read((tx) => balanceOf(tx, tenant));
      const { out } = outside.terminal;
      out(`granted    ${granted / 100}`);
      out(`available  ${available / 100}`);
      out(`reserved   ${reserved / 100}`);
      out(`spent      ${spent / 100}`);
    });
  },
};
