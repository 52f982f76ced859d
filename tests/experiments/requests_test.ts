import assert from "node:assert/strict";
import { jsonSchemaOf, parseWith } from "../../engine/host/mod.ts";
import { resolveConfig } from "../../experiments/mod.ts";
import { ImageEvaluateRequest, SampleRequest } from "../../experiments/image/requests.ts";
import {
  AnyEvaluateRequest,
  AnySampleRequest,
  requireFieldsOf,
} from "../../experiments/registry/requests.ts";
import { TextEvaluateRequest, WriteRequest } from "../../experiments/text/requests.ts";
import { samplerNames, samplerOptionFields } from "../../models/diffusion/mod.ts";

const REQUESTS = {
  SampleRequest,
  ImageEvaluateRequest,
  WriteRequest,
  TextEvaluateRequest,
  AnySampleRequest,
  AnyEvaluateRequest,
};

Deno.test("every request takes every sampler, and those of images every option of any sampler", () => {
  for (const [name, request] of Object.entries(REQUESTS)) {
    for (const sampler of samplerNames) {
      assert.equal(parseWith(request, { run: "a", sampler }).sampler, sampler, name);
    }
  }
  for (const request of [SampleRequest, ImageEvaluateRequest, AnySampleRequest]) {
    for (const [option, field] of Object.entries(samplerOptionFields)) {
      const shape: Record<string, unknown> = request.shape;
      assert.equal(shape[option], field, option);
    }
  }
});

Deno.test("a request for any modality takes what one of them does", () => {
  assert.equal(parseWith(AnySampleRequest, { run: "a", count: 256 }).count, 256);
  assert.throws(() => parseWith(AnySampleRequest, { run: "a", count: 257 }), {
    name: "UserError",
    message: "count is 257, but must be a whole number from 1 to 256",
  });
  assert.throws(() => parseWith(AnySampleRequest, { run: "a", rho: 0.05 }), {
    message: "rho is 0.05, but must be a number from 0.1 to 100",
  });
  assert.deepEqual(parseWith(AnySampleRequest, { run: "a" }), { run: "a" }, "no default of either");
  const { steps, count, prompt } = AnySampleRequest.shape;
  assert.equal(steps.description, "Sampler steps, 1 to 1000 (default 50; for text 64)");
  assert.match(
    count.description!,
    /^Pictures, 1 to 256 \(.*\); for text: texts, 1 to 16 \(default 3\)$/,
  );
  assert.equal(prompt.description, "Text: beginning that is continued (default nothing)");
});

Deno.test("defaults and ranges are said by the schemas themselves", () => {
  for (const [name, { shape }] of Object.entries(REQUESTS)) {
    for (const [field, schema] of Object.entries(shape)) {
      const { type, minimum, maximum, default: fallback } = jsonSchemaOf(schema);
      const description = schema.description ?? "";
      if (type === "integer" || type === "number") {
        const range = `${minimum} .*to ${Number(maximum!.toFixed(4))}`;
        assert.match(description, new RegExp(range), `${name}.${field}`);
      }
      if (fallback !== undefined && fallback !== "") {
        assert.ok(
          description.endsWith(`(default ${fallback})`),
          `${name}.${field}: ${description}`,
        );
      }
    }
  }
});

Deno.test("fields of another modality are refused with the modality that the run is of", () => {
  const run = { id: "text-0001", config: resolveConfig("shakespeare-tiny") };
  const refused = (request: object, kind: "sample" | "evaluate") =>
    assert.throws(() => requireFieldsOf(run, kind, request), {
      name: "UserError",
      message:
        /^text-0001 is a run on text, and guidance_scale, eta are for runs on images: leave them out$/,
    });
  refused({ guidance_scale: 2, mode: "blocks", eta: 1, nonsense: 1 }, "sample");
  refused({ guidance_scale: 2, eta: 0 }, "evaluate");
  requireFieldsOf(run, "sample", { mode: "blocks", nonsense: 1, class: undefined });
});
