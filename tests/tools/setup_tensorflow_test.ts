import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("setup:tensorflow says in one line what it lacks, before it fetches anything", async () => {
  const script = fileURLToPath(new URL("../../tools/setup_tensorflow.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P=program", script, "--cuda"],
    // No program is found, so that a machine with a card installs nothing either.
    env: { PATH: "", NO_COLOR: "1" },
  }).output();
  assert.equal(code, 1);
  assert.equal(new TextDecoder().decode(stdout), "");
  assert.match(
    new TextDecoder().decode(stderr),
    /^setup:tensorflow (--cuda needs a card of NVIDIA's: |needs npm, |builds for Linux on x86_64, ).*\n$/,
  );
});
