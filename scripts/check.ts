/**
 * Usage: npm run check        types, lint, formats, architecture and docs, side by side
 *        npm run verify       the same and the unit tests
 *
 * Prints what each found as soon as it is done; ends with 1 if any found something.
 */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { unit: { type: "boolean", default: false } } });
const checks: Record<string, string[]> = {
  lint: ["npm", "run", "-s", "check:lint"],
  types: ["npm", "run", "-s", "check:types"],
  formats: ["npm", "run", "-s", "check:format"],
  architecture: ["npm", "run", "-s", "check:architecture"],
  docs: ["npm", "run", "-s", "check:docs"],
  ...(values.unit ? { "unit tests": ["npx", "vitest", "run", "--project", "unit"] } : {}),
};

interface Ended {
  status: number;
  output: string;
}

function run([command = "", ...args]: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (output += part.toString()));
    child.on("error", (error) => resolve({ status: 1, output: error.message }));
    child.on("close", (status) => resolve({ status: status ?? 1, output }));
  });
}

const results = await Promise.all(
  Object.entries(checks).map(async ([name, command]) => {
    const began = Date.now();
    const { status, output } = await run(command);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    process.stdout.write(`${status === 0 ? "✓" : "✗"} ${name} (${seconds} s)\n`);
    if (status !== 0 || name === "unit tests") process.stdout.write(`${output.trim()}\n`);
    return status;
  }),
);
process.exit(results.every((status) => status === 0) ? 0 : 1);
