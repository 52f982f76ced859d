import assert from "node:assert/strict";
import { currentClient, stdioCommand, textOf } from "../tools/clients.ts";
import { withWorkspace } from "../experiments/workspace.ts";

Deno.test("twenty observations that two servers are told at once are all kept", () =>
  withWorkspace(async (workspace) => {
    const command = stdioCommand(workspace, "--no-viewer");
    const servers = await Promise.all([
      currentClient("modern", command),
      currentClient("legacy", command),
    ]);
    try {
      const [first, second] = servers;
      const entry = { title: "Shared", hypothesis: "h" };
      const written = await first.call("write-journal", entry);
      const id = /journal entry (\S+):/.exec(textOf(written))![1]!;
      const numbers = Array.from({ length: 20 }, (_, i) => i);
      const answers = await Promise.all(numbers.map((i) =>
        (i % 2 === 0 ? first : second)
          .call("write-journal", { id, observations: `observation number ${i}.` })
      ));
      for (const answer of answers) assert.match(textOf(answer), /^Updated the journal entry/);
      const { text } = await second.read(`textdiffusion://journal/${id}`);
      const kept = text!.match(/observation number \d+\./g)!.toSorted();
      assert.deepEqual(kept, numbers.map((i) => `observation number ${i}.`).toSorted());
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  }));
