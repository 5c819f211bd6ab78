/** The configuration as the service would read it. */
import { describeConfig, readConfig } from "../../service/config.ts";
import { readArgs, type Command } from "./command.ts";
import { table } from "./table.ts";

export const showConfig: Command = {
  name: "config",
  usage: "",
  about: "shows every setting with its meaning and value, secrets masked, and whether they fit",
  async run(argv, outside) {
    readArgs(argv, {});
    const rows = describeConfig(outside.env).map(({ name, value, about }) => [name, value, about]);
    for (const line of table(["setting", "value", "meaning"], rows)) outside.terminal.out(line);
    readConfig(outside.env);
    outside.terminal.out("");
    outside.terminal.out("The configuration fits.");
  },
};
