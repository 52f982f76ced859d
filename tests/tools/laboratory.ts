/** A workspace of its own for tests, with a server over HTTP. */
import { join } from "node:path";
import { type Lab, openLab } from "../../experiments/mod.ts";
import { listen } from "../../tools/serving.ts";
import { accessTo } from "../../tools/access.ts";
import { createHttpApp } from "../../tools/http.ts";
import { createApp } from "../../web/mod.tsx";
import { jobsAtRest, removeFolder, stopTraining } from "../experiments/workspace.ts";

export interface Laboratory {
  readonly lab: Lab;
  /** Address of the viewer, without a slash at its end; MCP is at /mcp. */
  readonly url: string;
}

/**
 * Opens a laboratory in a new folder, serves it on a free port, and takes both down again.
 *
 * @param options.dataDirectory The only place of public data sets; by default they may be downloaded.
 */
export async function withLaboratory(
  use: (laboratory: Laboratory) => Promise<void>,
  { dataDirectory }: { readonly dataDirectory?: string } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "textdiffusion-" });
  const lab = openLab({ workspace: join(folder, "workspace"), dataDirectory });
  const host = "127.0.0.1";
  let closeApp = () => Promise.resolve();
  const server = listen({ host, port: 0 }, (viewerUrl) => {
    const app = createHttpApp(lab, {
      viewerUrl,
      access: accessTo({ host, workspace: lab.workspace }),
      openViewer: (opened) => Promise.resolve(createApp(opened)),
    });
    closeApp = () => app.close();
    return Promise.resolve((request) => app.fetch(request));
  });
  try {
    await use({ lab, url: server.url });
  } finally {
    await stopTraining(lab.workspace);
    await closeApp();
    await server.close();
    lab.close();
    await jobsAtRest(lab.workspace);
    await removeFolder(folder);
  }
}
