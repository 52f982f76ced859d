/** MCP and the viewer on one port, until interrupted. */
import { z } from "zod";
import {
  commonOptions,
  dataRootsOf,
  defineCommand,
  labOf,
  listenFields,
  takeUpQueue,
} from "./command.ts";
import { tokenFile } from "../access.ts";
import { START_PORT, viewerOf } from "./viewer.ts";

export const command = defineCommand({
  schema: z.strictObject({
    host: listenFields.host,
    port: listenFields.port.optional().describe(
      `Port; 0 takes a free one (default ${START_PORT}, or the next free one)`,
    ),
    allow_host: listenFields.allow_host,
    token: listenFields.token,
    data_root: listenFields.data_root,
    ...commonOptions,
  }),
  async run({ host, port, allow_host: allowHost, token, data_root, ...common }, wiring) {
    const lab = labOf(common);
    const { url, own, access } = await viewerOf(lab, {
      ...{ host, allowHost, token, port },
      ...{ first: START_PORT, lasting: true, dataRoots: dataRootsOf(data_root) },
    }, wiring);
    takeUpQueue(lab);
    const header = access.token === null
      ? ""
      : ` --header "Authorization: Bearer ${access.isNew ? access.token : "TOKEN"}"`;
    const key = access.token !== null && access.isNew ? `?token=${access.token}` : "";
    if (port === undefined && !url.endsWith(`:${START_PORT}`)) {
      console.log(`Port ${START_PORT} is taken, so another one is used.`);
    }
    console.log(`Viewer  ${url}/${key}`);
    console.log(`MCP     ${url}/mcp`);
    console.log(`        claude mcp add --transport http textdiffusion ${url}/mcp${header}`);
    if (access.token !== null && token === undefined) {
      console.log(`Token   in ${tokenFile(lab.workspace)}; it is shown only when it is made`);
    }
    await own?.finished;
    return 0;
  },
});
