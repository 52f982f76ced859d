/**
 * What the official conformance suite expects a server to offer: tools, resources and prompts with
 * fixed names and answers. They are attached to the laboratory's own server, which serves them.
 */
import {
  acceptedContent,
  completable,
  type createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  type McpServer,
  ResourceTemplate,
  type ServerContext,
  type ServerEventBus,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { declaredCapabilities } from "../../tools/tasks.ts";

/** One red pixel, and a tenth of a second of silence. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
const IMAGE = { type: "image", data: PNG, mimeType: "image/png" } as const;

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export interface FixtureParts {
  readonly changes: ServerEventBus;
  readonly requestState: ReturnType<typeof createRequestStateCodec<string>>;
}

/** Attaches the fixtures of both revisions, without those of tasks. */
export function attachFixtures(server: McpServer, parts: FixtureParts): void {
  attachPlainTools(server, parts);
  attachQuestions(server);
  attachInputRequired(server, parts);
  attachResources(server);
  attachPrompts(server);
}

function attachPlainTools(server: McpServer, { changes }: FixtureParts): void {
  const tool = (name: string, run: (ctx: ServerContext) => Promise<object> | object) =>
    server.registerTool(
      name,
      { description: `Fixture ${name}`, inputSchema: z.object({}) },
      async (_given, ctx) => await run(ctx) as ReturnType<typeof text>,
    );
  tool("test_simple_text", () => text("This is a simple text response for testing."));
  tool("test_image_content", () => ({ content: [IMAGE] }));
  tool("test_audio_content", () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  }));
  tool("test_embedded_resource", () => ({
    content: [{
      type: "resource",
      resource: {
        uri: "test://embedded-resource",
        mimeType: "text/plain",
        text: "This is an embedded resource content.",
      },
    }],
  }));
  tool("test_multiple_content_types", () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      IMAGE,
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }));
  tool("test_error_handling", () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  const logging = async (ctx: ServerContext) => {
    for (const said of ["Tool execution started", "Tool processing data"]) {
      await ctx.mcpReq.log("info", said);
      await pause(50);
    }
    await ctx.mcpReq.log("info", "Tool execution completed");
    return text("Three messages were logged");
  };
  tool("test_tool_with_logging", logging);
  tool("test_logging_tool", logging);
  tool("test_tool_with_progress", async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 };
        await ctx.mcpReq.notify({ method: "notifications/progress", params });
      }
      await pause(50);
    }
    return text("Done");
  });
  tool("test_trigger_tool_change", () => {
    changes.publish({ kind: "tools_list_changed" });
    return text("Changed");
  });
  tool("test_trigger_prompt_change", () => {
    changes.publish({ kind: "prompts_list_changed" });
    return text("Changed");
  });
  tool("test_reconnection", async (ctx) => {
    ctx.http?.closeSSE?.();
    await pause(100);
    return text("Reconnection test completed successfully.");
  });
  server.registerTool("json_schema_2020_12_tool", {
    description: "Fixture for keywords of JSON Schema 2020-12",
    inputSchema: fromJsonSchema(SCHEMA_2020_12),
  }, () => text("Kept"));
  server.registerTool("test_custom_headers", {
    description: "Fixture for parameters that are mirrored in headers",
    inputSchema: fromJsonSchema({ type: "object", properties: { region: REGION } }),
  }, () => text("Routed"));
}

/** A parameter that clients mirror in the header `Mcp-Param-Region`. */
const REGION = Object.assign({ type: "string" as const }, { "x-mcp-header": "Region" });

const SCHEMA_2020_12 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object" as const,
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

/** Questions that a 2025 server sends to the client in the midst of a call. */
function attachQuestions(server: McpServer): void {
  server.registerTool("test_sampling", {
    description: "Fixture: asks the client's model",
    inputSchema: z.object({ prompt: z.string() }),
  }, async ({ prompt }, ctx) => {
    const { content } = await ctx.mcpReq.requestSampling({
      messages: [{ role: "user", content: { type: "text", text: prompt } }],
      maxTokens: 100,
    });
    return text(`LLM response: ${JSON.stringify(content)}`);
  });
  server.registerTool("test_elicitation", {
    description: "Fixture: asks the person",
    inputSchema: z.object({ message: z.string() }),
  }, async ({ message }, ctx) => {
    const answer = await ctx.mcpReq.elicitInput({
      message,
      requestedSchema: {
        type: "object",
        properties: {
          username: { type: "string", description: "User's response" },
          email: { type: "string", description: "User's email address" },
        },
        required: ["username", "email"],
      },
    });
    return text(`User response: ${JSON.stringify(answer)}`);
  });
  const options = ["option1", "option2", "option3"];
  const elicits = {
    test_elicitation_sep1034_defaults: {
      name: { type: "string", default: "John Doe" },
      age: { type: "integer", default: 30 },
      score: { type: "number", default: 95.5 },
      status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
      verified: { type: "boolean", default: true },
    },
    test_elicitation_sep1330_enums: {
      untitledSingle: { type: "string", enum: options },
      titledSingle: {
        type: "string",
        oneOf: [
          { const: "value1", title: "First Option" },
          { const: "value2", title: "Second Option" },
          { const: "value3", title: "Third Option" },
        ],
      },
      legacyEnum: {
        type: "string",
        enum: ["opt1", "opt2", "opt3"],
        enumNames: ["Option One", "Option Two", "Option Three"],
      },
      untitledMulti: { type: "array", items: { type: "string", enum: options } },
      titledMulti: {
        type: "array",
        items: {
          anyOf: [
            { const: "value1", title: "First Choice" },
            { const: "value2", title: "Second Choice" },
            { const: "value3", title: "Third Choice" },
          ],
        },
      },
    },
  } as const;
  for (const [name, properties] of Object.entries(elicits)) {
    server.registerTool(
      name,
      { description: `Fixture ${name}`, inputSchema: z.object({}) },
      async (_given, ctx) => {
        const { action, content } = await ctx.mcpReq.elicitInput(
          { message: "Please fill in", requestedSchema: { type: "object", properties } } as never,
        );
        return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);
      },
    );
  }
}

const NAME = z.object({ name: z.string() });
const asksName = (message: string) => inputRequired.elicit({ message, requestedSchema: NAME });
const asksModel = (question: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: question } }],
    maxTokens,
  });

/** Questions as the revision of 2026 asks them: an answer that wants the call again with more. */
function attachInputRequired(server: McpServer, { requestState }: FixtureParts): void {
  const tool = (name: string, run: (ctx: ServerContext) => Promise<object> | object) =>
    server.registerTool(
      name,
      { description: `Fixture ${name}`, inputSchema: z.object({}) },
      async (_given, ctx) => await run(ctx) as ReturnType<typeof text>,
    );
  const given = (ctx: ServerContext, key: string) => inputResponse(ctx.mcpReq.inputResponses, key);
  for (const name of ["test_input_required_result_elicitation", "test_streaming_elicitation"]) {
    tool(name, (ctx) => {
      const answer = acceptedContent(ctx.mcpReq.inputResponses, "user_name", NAME);
      if (answer) return text(`Hello, ${answer.name}!`);
      return inputRequired({ inputRequests: { user_name: asksName("What is your name?") } });
    });
  }
  for (const name of ["test_input_required_result_sampling", "test_missing_capability"]) {
    tool(name, (ctx) => {
      const answer = given(ctx, "capital_question");
      if (answer.kind === "sampling") return text(JSON.stringify(answer.result.content));
      return inputRequired({
        inputRequests: { capital_question: asksModel("What is the capital of France?", 100) },
      });
    });
  }
  tool("test_input_required_result_list_roots", (ctx) => {
    const answer = given(ctx, "client_roots");
    if (answer.kind === "roots") return text(answer.roots.map(({ uri }) => uri).join(", "));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const CONFIRM = z.object({ ok: z.boolean() });
  for (const kind of ["request_state", "tampered_state"]) {
    tool(`test_input_required_result_${kind}`, async (ctx) => {
      const state = ctx.mcpReq.requestState<string>();
      if (state === "asked" && acceptedContent(ctx.mcpReq.inputResponses, "confirm", CONFIRM)) {
        return text("state-ok");
      }
      return inputRequired({
        inputRequests: {
          confirm: inputRequired.elicit({ message: "Please confirm", requestedSchema: CONFIRM }),
        },
        requestState: await requestState.mint("asked", ctx),
      });
    });
  }
  tool("test_input_required_result_multiple_inputs", async (ctx) => {
    const name = acceptedContent(ctx.mcpReq.inputResponses, "user_name", NAME);
    const greeting = given(ctx, "greeting");
    const roots = given(ctx, "client_roots");
    if (name && greeting.kind === "sampling" && roots.kind === "roots") {
      return text(`${JSON.stringify(greeting.result.content)} ${name.name}, ${roots.roots.length}`);
    }
    return inputRequired({
      inputRequests: {
        user_name: asksName("What is your name?"),
        greeting: asksModel("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await requestState.mint("asked", ctx),
    });
  });
  tool("test_input_required_result_multi_round", async (ctx) => {
    const COLOR = z.object({ color: z.string() });
    const name = acceptedContent(ctx.mcpReq.inputResponses, "step1", NAME)?.name;
    const color = acceptedContent(ctx.mcpReq.inputResponses, "step2", COLOR)?.color;
    const state = ctx.mcpReq.requestState<string>();
    if (color !== undefined && state?.startsWith("named ")) {
      return text(`${state.slice("named ".length)} likes ${color}`);
    }
    return name === undefined
      ? inputRequired({
        inputRequests: { step1: asksName("Step 1: What is your name?") },
        requestState: await requestState.mint("asked", ctx),
      })
      : inputRequired({
        inputRequests: {
          step2: inputRequired.elicit({
            message: "Step 2: What is your favorite color?",
            requestedSchema: COLOR,
          }),
        },
        requestState: await requestState.mint(`named ${name}`, ctx),
      });
  });
  tool("test_input_required_result_capabilities", (ctx) => {
    const declared = declaredCapabilities(ctx);
    return inputRequired({
      inputRequests: {
        ...("elicitation" in declared ? { user_name: asksName("What is your name?") } : {}),
        ...("sampling" in declared ? { question: asksModel("Who are you?", 50) } : {}),
      },
    });
  });
}

function attachResources(server: McpServer): void {
  const fixed = (name: string, mimeType: string, content: { text: string } | { blob: string }) => {
    const uri = `test://${name}`;
    server.registerResource(
      name,
      uri,
      { title: name, description: `Fixture ${name}`, mimeType },
      () => ({ contents: [{ uri, mimeType, ...content }] }),
    );
  };
  fixed("static-text", "text/plain", { text: "This is the content of the static text resource." });
  fixed("static-binary", "image/png", { blob: PNG });
  fixed("watched-resource", "text/plain", { text: "Watched" });
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description: "Fixture with a parameter", mimeType: "application/json" },
    (uri, { id }) => ({
      contents: [{
        uri: uri.href,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
      }],
    }),
  );
}

function attachPrompts(server: McpServer): void {
  const said = (...contents: object[]) => ({
    messages: contents.map((content) => ({ role: "user", content })) as {
      role: "user";
      content: { type: "text"; text: string };
    }[],
  });
  const words = (value: string) => ({ type: "text", text: value });
  server.registerPrompt(
    "test_simple_prompt",
    { description: "Fixture without arguments" },
    () => said(words("This is a simple prompt for testing.")),
  );
  server.registerPrompt("test_prompt_with_arguments", {
    description: "Fixture with arguments",
    argsSchema: z.object({
      arg1: completable(
        z.string().describe("First test argument"),
        (typed) => ["test", "testing", "tests"].filter((word) => word.startsWith(typed)),
      ),
      arg2: z.string().describe("Second test argument"),
    }),
  }, ({ arg1, arg2 }) => said(words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)));
  server.registerPrompt("test_prompt_with_embedded_resource", {
    description: "Fixture that embeds a resource",
    argsSchema: z.object({ resourceUri: z.string().describe("URI of the resource to embed") }),
  }, ({ resourceUri }) => {
    const resource = {
      uri: resourceUri,
      mimeType: "text/plain",
      text: "Embedded resource content for testing.",
    };
    return said(
      { type: "resource", resource },
      words("Please process the embedded resource above."),
    );
  });
  server.registerPrompt(
    "test_prompt_with_image",
    { description: "Fixture with a picture" },
    () => said(IMAGE, words("Please analyze the image above.")),
  );
  server.registerPrompt(
    "test_input_required_result_prompt",
    { description: "Fixture that asks before it answers" },
    (ctx) => {
      const CONTEXT = z.object({ context: z.string() });
      const answer = acceptedContent(ctx.mcpReq.inputResponses, "user_context", CONTEXT);
      if (answer) return said(words(`Use this context: ${answer.context}`));
      return inputRequired({
        inputRequests: {
          user_context: inputRequired.elicit({
            message: "What context should the prompt use?",
            requestedSchema: CONTEXT,
          }),
        },
      });
    },
  );
}
