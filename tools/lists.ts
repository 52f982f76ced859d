/**
 * The protocol's lists, page by page. Resources are listed with the newest of each kind first, for the
 * many clients that read one page only; what is older follows.
 */
import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type Resource,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { Buffer } from "node:buffer";
import { z } from "zod";
import { isPretrained, type Run } from "../experiments/mod.ts";
import type { ToolContext } from "./define.ts";
import { journalUri, runUri, sampleUri } from "./links.ts";

/** Entries of a page. */
const PAGE = 50;
/** Number of resources of each kind on the first page. */
const NEWEST = 20;

/** Resources of one kind, newest first. */
type ListedKind = (offset: number, limit: number) => KindPage | Promise<KindPage>;

interface KindPage {
  readonly total: number;
  readonly resources: readonly Resource[];
}

/** The position at which a list continues; the total shows how many entries were added in front meanwhile. */
const Cursor = z.strictObject({
  kind: z.number().int().min(0),
  offset: z.number().int().min(0),
  total: z.number().int().min(0),
});
type Cursor = z.infer<typeof Cursor>;

/** Runs whose samples are listed. */
export const SEARCHED_RUNS = 50;
const SAMPLE_TYPES = {
  "contact-sheet": "image/png",
  "film-strip": "image/png",
  text: "text/plain",
};

/** The kinds of resources that are listed page by page. */
export function listedKinds({ lab, journal }: ToolContext): ListedKind[] {
  const entryOf = (run: Run) => ({
    uri: runUri(run.id),
    name: run.id,
    title: isPretrained(run.id) ? "A pretrained run" : "A run",
    description: `${run.status}, step ${run.step}/${run.steps}`,
    mimeType: "application/json",
  });
  return [
    (offset, limit) => {
      const { runs, total } = lab.runs({ offset, limit });
      return { total, resources: runs.map(entryOf) };
    },
    (offset, limit) => {
      const pretrained = lab.pretrained();
      const resources = pretrained.slice(offset, offset + limit).map(entryOf);
      return { total: pretrained.length, resources };
    },
    (offset, limit) => {
      const samples = lab.newestSamples(SEARCHED_RUNS);
      const resources = samples.slice(offset, offset + limit).map(({ id, kind, runId, step }) => ({
        uri: sampleUri(id),
        name: id,
        title: "A sample",
        description: `${kind} of ${runId} at step ${step}`,
        mimeType: SAMPLE_TYPES[kind],
      }));
      return { total: samples.length, resources };
    },
    async (offset, limit) => {
      const entries = (await journal()).listEntries();
      const resources = entries.slice(offset, offset + limit).map((entry) => ({
        uri: journalUri(entry.id),
        name: entry.id,
        title: entry.title,
        description: entry.problem ?? entry.verdict,
        mimeType: "text/markdown",
      }));
      return { total: entries.length, resources };
    },
  ];
}

type Handler = (
  request: { readonly params?: { readonly cursor?: string } | undefined },
  ctx: ServerContext,
) => Promise<object> | object;

/** Lists that the SDK answers whole, by the name under which their entries stand. */
const WHOLE = {
  "tools/list": "tools",
  "prompts/list": "prompts",
  "resources/templates/list": "resourceTemplates",
} as const;

/**
 * Gives every list of a server pages. To be called before anything is registered, since the SDK's own
 * handlers know no cursors.
 *
 * @param kinds What is listed behind the resources that are registered one by one.
 */
export function pageLists({ server }: McpServer, kinds: readonly ListedKind[]): void {
  const set = server.setRequestHandler.bind(server) as (method: string, ...rest: unknown[]) => void;
  const paged = (method: string, ...rest: unknown[]) => {
    const [handler] = rest;
    if (typeof handler !== "function") return set(method, ...rest);
    if (method === "resources/list") {
      return set(method, resourcePages(handler as Handler, kinds));
    }
    const key = Object.hasOwn(WHOLE, method) ? WHOLE[method as keyof typeof WHOLE] : undefined;
    return set(method, key === undefined ? handler : pagedList(handler as Handler, key));
  };
  server.setRequestHandler = paged as typeof server.setRequestHandler;
}

function pagedList(whole: Handler, key: string): Handler {
  return async (request, ctx) => {
    const result = await whole(request, ctx) as Record<string, unknown[]>;
    const offset = decoded(request.params?.cursor)?.offset ?? 0;
    const entries = result[key]!;
    const end = offset + PAGE;
    return {
      ...result,
      [key]: entries.slice(offset, end),
      ...next(end < entries.length ? { kind: 0, offset: end, total: entries.length } : undefined),
    };
  };
}

function resourcePages(registered: Handler, kinds: readonly ListedKind[]): Handler {
  return async (request, ctx) => {
    const cursor = decoded(request.params?.cursor);
    if (cursor && cursor.kind >= kinds.length) throw badCursor(request.params?.cursor);
    if (cursor) return await pageFrom(cursor, kinds);
    const first = await registered(request, ctx) as { resources: Resource[] };
    const newest = await Promise.all(kinds.map((kind) => kind(0, NEWEST)));
    return {
      ...first,
      resources: [...first.resources, ...newest.flatMap(({ resources }) => resources)],
      ...next(continuationOf(newest.map(({ total }) => total), 0)),
    };
  };
}

async function pageFrom({ kind, offset, total }: Cursor, kinds: readonly ListedKind[]) {
  const read = kinds[kind]!;
  let begin = offset;
  let page = await read(begin, PAGE);
  if (page.total > total) {
    // What was added since stands in front, and pushed the rest back.
    begin += page.total - total;
    page = await read(begin, PAGE);
  }
  const end = begin + PAGE;
  if (end < page.total) {
    return { resources: page.resources, ...next({ kind, offset: end, total: page.total }) };
  }
  const totals = await Promise.all(
    kinds.map(async (other, i) => i > kind ? (await other(0, 1)).total : 0),
  );
  return { resources: page.resources, ...next(continuationOf(totals, kind + 1)) };
}

/** The cursor of the first kind that has more entries than the first page shows. */
function continuationOf(totals: readonly number[], from: number): Cursor | undefined {
  const kind = totals.findIndex((total, i) => i >= from && total > NEWEST);
  return kind === -1 ? undefined : { kind, offset: NEWEST, total: totals[kind]! };
}

function next(cursor: Cursor | undefined): { nextCursor?: string } {
  if (cursor === undefined) return {};
  return { nextCursor: Buffer.from(JSON.stringify(cursor)).toString("base64url") };
}

/** @throws {ProtocolError} If it is no cursor of this server. */
function decoded(cursor: string | undefined): Cursor | undefined {
  if (cursor === undefined) return undefined;
  try {
    return Cursor.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch {
    throw badCursor(cursor);
  }
}

function badCursor(cursor: string | undefined): ProtocolError {
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Invalid params: cursor is ${
      JSON.stringify(cursor?.slice(0, 100))
    }, but must be the nextCursor ` +
      "of an earlier page",
  );
}
