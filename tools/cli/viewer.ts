/**
 * The HTTP server of a workspace, with the viewer and MCP. It keeps its port, so that links from earlier days
 * still work, and there is one however many servers run: a later server refers to the existing one, and takes
 * its place when that has ended.
 */
import { hash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { z } from "zod";
import { orUndefined } from "../../engine/host/mod.ts";
import { type Lab, processExists } from "../../experiments/mod.ts";
import { type Access, type AccessOptions, accessTo, tokenFile } from "../access.ts";
import {
  commonOptions,
  dataRootsOf,
  defineCommand,
  labOf,
  listenFields,
  resumeQueue,
  type Wiring,
} from "./command.ts";
import { IDENTITY_PATH, listen, type Listening } from "../serving.ts";

/** The port of `start`, and the first one that a viewer beside an assistant takes. */
export const START_PORT = 8765;
const FIRST_PORT = START_PORT + 1;
/** Ports that are tried after a taken one. */
const NEXT_PORTS = 20;
const ANSWER_MS = 500;
const LOOK_MS = 5000;

export interface Viewer {
  /** Without a slash at its end. */
  readonly url: string;
  /** Whether it goes on when this process ends. */
  outlives(): boolean;
  /** The server of this process; undefined while another process serves the viewer. */
  readonly own: Listening | undefined;
  readonly access: Access;
}

const Remembered = z.object({
  url: z.url(),
  port: z.number().int(),
  pid: z.number().int(),
  lasting: z.boolean(),
});
type Remembered = z.infer<typeof Remembered>;

interface ViewerOptions extends Omit<AccessOptions, "workspace"> {
  /** The only port to take; by default the remembered one, and the next free one if it is taken. */
  readonly port?: number | undefined;
  /** Ports to begin with instead of the remembered one. */
  readonly first?: number | undefined;
  /** Whether it stays when no assistant is connected. */
  readonly lasting: boolean;
  /** Folders from which data may be read, beside the workspace. */
  readonly dataRoots: readonly string[];
}

/** Serves the viewer of a laboratory's workspace, or finds the one that is there. */
export async function viewerOf(lab: Lab, options: ViewerOptions, wiring: Wiring): Promise<Viewer> {
  const access = accessTo({ ...options, workspace: lab.workspace });
  const kept = remembered(lab.workspace);
  const mayShare = !options.lasting && options.port === undefined && access.token === null;
  if (mayShare && kept && await answers(kept, lab.workspace)) {
    return shared(kept, access, lab, options, wiring);
  }
  // The port of `start` stands in clients' configurations, so it is left free for it.
  const before = kept?.port === START_PORT ? undefined : kept?.port;
  const first = options.first ?? before ?? FIRST_PORT;
  const ports = options.port !== undefined
    ? [options.port]
    : [...Array.from({ length: NEXT_PORTS }, (_, i) => first + i).filter((p) => p < 65536), 0];
  const own = onFirstFree(ports, (port) => serve(lab, access, { ...options, port }, wiring));
  return { url: own.url, own, access, outlives: () => options.lasting };
}

/** Listens on a port, and remembers it. */
function serve(
  lab: Lab,
  access: Access,
  { host, port, lasting, dataRoots }: ViewerOptions & { readonly port: number },
  { openViewer }: Wiring,
): Listening {
  const { workspace } = lab;
  const listening = listen({ host, port, identity: identityOf(workspace) }, async (viewerUrl) => {
    const { createHttpApp } = await import("../http.ts");
    const viewerEnds = () => !lasting;
    const app = createHttpApp(lab, { viewerUrl, access, openViewer, viewerEnds, dataRoots });
    return (request) => app.fetch(request);
  });
  // Where a token is wanted, another server's answers could not lead a browser in.
  if (access.token === null) {
    const { url } = listening;
    remember(workspace, { url, port: Number(new URL(url).port), pid: process.pid, lasting });
  }
  return listening;
}

/** Another server's viewer; when that server is gone, this process serves the same address. */
function shared(
  kept: Remembered,
  access: Access,
  lab: Lab,
  options: ViewerOptions,
  wiring: Wiring,
): Viewer {
  let own: Listening | undefined;
  const timer = setInterval(async () => {
    if (own || await answers(kept, lab.workspace)) return;
    // Another server may be quicker, or something else have the port.
    own = orUndefined(() => serve(lab, access, { ...options, port: kept.port }, wiring));
    if (own) clearInterval(timer);
  }, LOOK_MS);
  Deno.unrefTimer(timer as unknown as number);
  return {
    url: kept.url,
    access,
    get own() {
      return own;
    },
    outlives: () => kept.lasting && own === undefined,
  };
}

/** @throws {UserError} If none of the ports is free. */
function onFirstFree(ports: readonly number[], serve: (port: number) => Listening): Listening {
  for (const port of ports.slice(0, -1)) {
    const listening = orUndefined(() => serve(port));
    if (listening) return listening;
  }
  return serve(ports.at(-1)!);
}

/** Whether the viewer that was remembered is up, and of this workspace. */
async function answers({ url, pid }: Remembered, workspace: string): Promise<boolean> {
  if (pid === process.pid || !processExists(pid)) return false;
  try {
    const response = await fetch(`${url}${IDENTITY_PATH}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: "error",
    });
    return (await response.text()) === identityOf(workspace);
  } catch {
    return false;
  }
}

/** Tells a workspace from another without naming its folder. */
function identityOf(workspace: string): string {
  return hash("sha256", workspace);
}

const fileIn = (workspace: string) => join(workspace, "viewer.json");

function remembered(workspace: string): Remembered | undefined {
  try {
    return Remembered.safeParse(JSON.parse(readFileSync(fileIn(workspace), "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** A port that cannot be written down is another one next time, and nothing worse. */
function remember(workspace: string, viewer: Remembered): void {
  try {
    mkdirSync(workspace, { recursive: true });
    writeFileSync(fileIn(workspace), `${JSON.stringify(viewer)}\n`);
  } catch (error) {
    console.error(`The viewer's port is not remembered: ${(error as Error).message}`);
  }
}

export const startCommand = defineCommand({
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
      host,
      allowHost,
      token,
      port,
      first: START_PORT,
      lasting: true,
      dataRoots: dataRootsOf(data_root),
    }, wiring);
    resumeQueue(lab);
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
