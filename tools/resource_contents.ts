/** Contents of resources, and the variables in their addresses. */
import { ResourceNotFoundError } from "@modelcontextprotocol/server";
import { UserError } from "../engine/host/mod.ts";

/** Runs, samples and entries that a list names: the newest of each. */
export const LISTED = 20;

/** What is read, or a refusal that names the address. */
export async function found<T>(uri: URL, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) throw new ResourceNotFoundError(uri.href, error.message);
    throw error;
  }
}

/** A variable that stands for one value. */
export function one(value: string | string[] | undefined): string {
  return decodeURIComponent(Array.isArray(value) ? value.join("/") : value ?? "");
}

/** A variable that stands for several values with commas between them. */
export function several(value: string | string[] | undefined): string[] {
  return [value ?? []].flat().flatMap((part) => decodeURIComponent(part).split(","));
}

export function json(uri: string, value: unknown) {
  return text(uri, "application/json", JSON.stringify(value, null, 1));
}

export function text(uri: string, mimeType: string, content: string) {
  return { contents: [{ uri, mimeType, text: content }] };
}
