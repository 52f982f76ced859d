import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { barLine } from "../../tools/cli/terminal.ts";
import { PERMISSIONS } from "./clients.ts";
import { removeFolder } from "../experiments/workspace.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as its task does, in a workspace. */
async function command(workspace: string, ...args: readonly string[]): Promise<Outcome> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const output = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--config", here("../../deno.json")],
      ...[`--lock=${here("../../deno.lock")}`, "--frozen", ...PERMISSIONS],
      ...[here("../../main.ts"), ...args],
    ],
    env: { TEXTDIFFUSION_WORKSPACE: workspace, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

async function inFolder(use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  try {
    await use(folder);
  } finally {
    await removeFolder(folder);
  }
}

Deno.test("train, inspect, sample and compare work without an assistant", () =>
  inFolder(async (folder) => {
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await command(folder, ...args);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const trained = JSON.parse(
      await run(
        ...[
          "train",
          "--preset",
          "mnist-tiny",
          "--set",
          "dataset=made-up-digits",
          "--set",
          "steps=4",
        ],
        ...[
          "--set",
          "batch_size=8",
          "--grid",
          "schedule=linear,cosine",
          "--label",
          "by hand",
          "--json",
        ],
      ),
    ) as { id: string; status: string; label: string; config: { schedule: string } }[];
    assert.deepEqual(trained.map((r) => r.config.schedule), ["linear", "cosine"]);
    assert.ok(trained.every((r) => r.status === "finished" && r.label === "by hand"));
    assert.match(await run("inspect"), /\| image-0002 \| cosine \| finished \| 4\/4 \|/);
    assert.match(await run("inspect", "image-0001"), /image-0001 is finished at step 4 of 4/);
    assert.match(await run("compare", "--sweep", "sweep-0001"), /\| 1 \| image-000\d \| \w+ \|/);
    const out = join(folder, "digits.png");
    await run("sample", "best", "--count", "10", "--steps", "2", "--class", "3,7", "--out", out);
    const { format, width } = await sharp(out).metadata();
    assert.deepEqual([format, width! > 10 * 28], ["png", true]);
    const refused = async (...args: string[]) => (await command(folder, ...args)).stderr.trim();
    assert.match(
      await refused("sample", "--prompt", "x"),
      /--prompt is for runs on text: leave it out$/,
    );
    assert.match(
      await refused("sample", "--pictures", "1"),
      /^--pictures is 1 without --keep or --s/,
    );
    assert.match(
      await refused("sample", "--guidance-interval", "-5,2"),
      /^--guidance-interval has no effect where --guidance-scale is 1/,
    );
    assert.match(
      await run("watch", "sweep-0001"),
      /^image-000[12] is finished [^\n]* \(event \d+\)\n(.*\n)?image-000[12] is finished [^\n]*\n/,
    );
    const [line, ...others] = (await run("watch", "--once", "sweep-0001")).trim().split("\n");
    assert.deepEqual(others, []);
    const after = /\(event (\d+)\)$/.exec(line!)![1]!;
    assert.match(await run("watch", "--once", "--after", after), /^image-0002 is finished/m);
    assert.equal(await run("watch", "--all"), "");
    const nothing = await run("stop", "--all");
    assert.match(nothing, /Nothing was queued or running/);
  }));

Deno.test("the command line explains mistakes in one line and fails", () =>
  inFolder(async (folder) => {
    const cases: [string[], RegExp][] = [
      [["trian"], /^There is no command trian: did you mean train\?/],
      [["train", "--presett", "demo"], /^There is no option --presett: did you mean --preset\?/],
      [["train", "--set", "steps"], /^--set is "steps", but must be of the form FIELD=VALUE$/],
      [
        ["train", "--set", "steps=0"],
        /^--set steps is 0, but must be a whole number from 1 to 1000000$/,
      ],
      [["train", "--set", "stepz=5"], /^There is no field "stepz" in --set: did you mean steps\?/],
      [
        ["train", "--resume", "image-0001", "--seeds", "1"],
        /^--resume goes .* so --seeds cannot be given/,
      ],
      [
        ["train", "--seeds", "0,1", "--grid", "seed=2,3"],
        /^Give the seeds either in --seeds or in --grid seed, not in both$/,
      ],
      [
        ["train", "--set", "steps=5", "--grid", "steps=6,7"],
        /^steps is given both as --set steps and as --grid steps: leave it in one of them$/,
      ],
      [
        ["train", "--set", "steps=5", "--set", "steps=6"],
        /^--set steps is given twice, as 5 and as 6: give it once$/,
      ],
      [
        ["train", "steps=5"],
        /^deno task train takes no arguments, but was given steps=5: options begin with --/,
      ],
      [["inspect", "a", "b"], /^deno task inspect takes at most one RUN, but was given a b:/],
      [["train", "--preset"], /^--preset needs a value: write --preset <NAME>$/],
      [["compare"], /^Give either RUN .* or --sweep .* not both$/],
      [
        ["inspect", "a", "--status", "failed"],
        /^--status chooses the runs of a list: leave it out beside RUN$/,
      ],
      [["sample", "image-0001"], /^There is no run "image-0001": near it are study\//],
      [
        ["sample", "latest", "--class", "x"],
        /^--class is "x", but must be a whole number from 0 to 999, or a list of/,
      ],
      [
        ["compare", "image-0001"],
        /^There is no run "image-0001": near it are study\//,
      ],
      [
        ["start", "--port", "99999"],
        /^--port is 99999, but must be a whole number from 0 to 65535$/,
      ],
      [["stop"], /^Give either RUN \(ids such as image-0001\) or --all, and not both$/],
      [["inspect", "--device", "gpu"], /^--device is "gpu", but must be one of auto, cpu/],
    ];
    await Promise.all(cases.map(async ([args, expected]) => {
      const { code, stdout, stderr } = await command(folder, ...args);
      assert.equal(code, 1, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr.trim(), expected);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    }));
  }));

Deno.test("help names every command", async () => {
  const { code, stdout } = await command(".", "help");
  assert.equal(code, 0);
  for (
    const name of ["start", "mcp", "demo", "train", "sample", "compare", "inspect", "watch", "stop"]
  ) {
    assert.match(stdout, new RegExp(`^  ${name}\\b`, "m"));
  }
});

Deno.test("barLine() shows the share that is done, whatever the counts", () => {
  assert.equal(barLine(7, 28, "x"), `[#######${"-".repeat(21)}]  25 %  x`);
  assert.equal(barLine(5, 0, "x"), `[${"-".repeat(28)}]   0 %  x`);
  assert.equal(barLine(9, 3, "x"), `[${"#".repeat(28)}] 100 %  x`);
});
