/** The pieces of work over both transports, by the SDK's client. */
import { type Caller, currentClient, stdioCommand } from "../tools/clients.ts";
import { type Laboratory, withLaboratory } from "../tools/laboratory.ts";
import { doPiece, PIECES } from "./pieces.ts";

const TRANSPORTS: Record<string, (laboratory: Laboratory) => Promise<Caller>> = {
  "HTTP": ({ url }) => currentClient("modern", { url: `${url}/mcp` }),
  "stdio": ({ lab }) => currentClient("legacy", stdioCommand(lab.workspace, "--no-viewer")),
};

for (const [transport, connect] of Object.entries(TRANSPORTS)) {
  Deno.test(`pieces of work over ${transport} end as they should, in few calls`, (t) =>
    withLaboratory(async (laboratory) => {
      const caller = await connect(laboratory);
      for (const piece of PIECES) {
        await t.step(
          piece.name,
          async () => {
            await doPiece(piece, caller, laboratory.lab, () => connect(laboratory));
          },
        );
      }
      await caller.close();
    }));
}
