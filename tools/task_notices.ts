/**
 * Notifications of how tasks stand (SEP-2663), which a client requests by `taskIds` in `subscriptions/listen`. The SDK
 * serves that request but knows only resources, so a task takes the place of a resource of a scheme of its own: messages
 * are translated before the SDK reads them and after it has written them.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  type JSONRPCMessage,
  type JSONRPCNotification,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Refusal } from "./messages.ts";
import { declaresTasks, missingExtension, type Task, type TasksExtension } from "./tasks.ts";

const SCHEME = "task:";

/** The address under which a task is listened to. */
export function taskUri(taskId: string): string {
  return `${SCHEME}${taskId}`;
}

const isTaskUri = (uri: string) => uri.startsWith(SCHEME);
const taskIdIn = (uri: string) => uri.slice(SCHEME.length);

const Listen = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.literal("subscriptions/listen"),
  params: z.looseObject({
    _meta: z.looseObject({}).optional(),
    notifications: z.looseObject({
      taskIds: z.array(z.string()).optional(),
      resourceSubscriptions: z.array(z.string()).optional(),
    }),
  }),
});

const Acknowledged = z.looseObject({
  jsonrpc: z.literal("2.0"),
  method: z.literal("notifications/subscriptions/acknowledged"),
  params: z.looseObject({
    notifications: z.looseObject({ resourceSubscriptions: z.array(z.string()) }),
  }),
});

const Updated = z.looseObject({
  method: z.literal("notifications/resources/updated"),
  params: z.looseObject({ uri: z.string().refine(isTaskUri) }),
});

/** Translates the messages of a connection. */
export class TaskNotices {
  readonly #tasks: TasksExtension;

  constructor(tasks: TasksExtension) {
    this.#tasks = tasks;
  }

  /** Returns a parsed message as the SDK is to read it, or the refusal of a client that declared no tasks. */
  received(message: unknown): { readonly message: unknown } | Refusal {
    const listen = Listen.safeParse(message);
    if (!listen.success) return { message };
    const { params, id } = listen.data;
    const { taskIds, resourceSubscriptions, ...others } = params.notifications;
    if (taskIds === undefined) return { message };
    if (!declaresTasks(params._meta?.[CLIENT_CAPABILITIES_META_KEY])) {
      const { message, data } = missingExtension();
      const code = ProtocolErrorCode.MissingRequiredClientCapability;
      return { jsonrpc: "2.0", id, error: { code, message, data } };
    }
    const resources = (resourceSubscriptions ?? []).filter((uri) => !isTaskUri(uri));
    const notifications = {
      ...others,
      resourceSubscriptions: [...resources, ...taskIds.map(taskUri)],
    };
    return { message: { ...listen.data, params: { ...params, notifications } } };
  }

  /**
   * Returns what takes the place of a message of the SDK. The acknowledgement names the tasks that there are, and how
   * each of them stands follows it, so that no client misses the end of a task while it subscribes.
   */
  async sent(message: JSONRPCMessage): Promise<JSONRPCMessage[]> {
    if (!("method" in message)) return [message];
    const meta = message.params?._meta;
    const updated = Updated.safeParse(message);
    if (updated.success) {
      const tasks = await this.#found([taskIdIn(updated.data.params.uri)]);
      return tasks.map((task) => notification(task, meta));
    }
    const acknowledged = Acknowledged.safeParse(message);
    if (!acknowledged.success) return [message];
    const { params } = acknowledged.data;
    const { resourceSubscriptions: uris, ...others } = params.notifications;
    if (!uris.some(isTaskUri)) return [message];
    const tasks = await this.#found(uris.filter(isTaskUri).map(taskIdIn));
    const resources = uris.filter((uri) => !isTaskUri(uri));
    const notifications = {
      ...others,
      ...(resources.length > 0 ? { resourceSubscriptions: resources } : {}),
      taskIds: tasks.map(({ taskId }) => taskId),
    };
    return [
      { ...acknowledged.data, params: { ...params, notifications } },
      ...tasks.map((task) => notification(task, meta)),
    ];
  }

  /** Returns a stream of server-sent events with its messages translated. */
  translated(response: Response): Response {
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    if (!response.body || !isStream) return response;
    const [decoder, encoder] = [new TextDecoder(), new TextEncoder()];
    let rest = "";
    const events = new TransformStream<Uint8Array, Uint8Array>({
      transform: async (chunk, controller) => {
        const frames = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
        rest = frames.pop()!;
        for (const frame of frames) {
          const [, data] = /^data: (.*)$/m.exec(frame) ?? [];
          const written = data === undefined ? [frame] : (await this.sent(JSON.parse(data)))
            .map((message) => `event: message\ndata: ${JSON.stringify(message)}`);
          for (const one of written) controller.enqueue(encoder.encode(`${one}\n\n`));
        }
      },
    });
    return new Response(response.body.pipeThrough(events), response);
  }

  async #found(taskIds: readonly string[]): Promise<Task[]> {
    const tasks = await Promise.all(taskIds.map((taskId) => this.#tasks.find(taskId)));
    return tasks.filter((task) => task !== undefined);
  }
}

/** @param meta That of the SDK's message, which names the subscription. */
function notification(
  task: Task,
  meta: NonNullable<JSONRPCNotification["params"]>["_meta"],
): JSONRPCMessage {
  return { jsonrpc: "2.0", method: "notifications/tasks", params: { ...task, _meta: meta } };
}
