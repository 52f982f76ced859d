/**
 * The first key that occurs twice in one object of a JSON text, which `JSON.parse` would let pass.
 *
 * @param json Valid JSON: the caller has parsed it.
 */
export function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  // Strings, with the colon that makes them keys, and brackets; in valid JSON the rest does not
  // matter here. Arrays get a set too: it stays empty, but keeps the brackets paired.
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[[\]{}]/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith(":")) {
      const key: string = JSON.parse(token.slice(0, -1));
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
