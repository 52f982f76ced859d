/** The tables in an answer, as a reader sees them. */
import assert from "node:assert/strict";

export type Row = Readonly<Record<string, string>>;
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly Row[];
}

/** Every Markdown table of a text, in order. */
export function tablesIn(text: string): Table[] {
  const tables: Table[] = [];
  let lines: string[] = [];
  for (const line of [...text.split("\n"), ""]) {
    if (line.startsWith("| ")) lines.push(line);
    else if (lines.length > 0) {
      tables.push(tableOf(lines));
      lines = [];
    }
  }
  return tables;
}

/** The table that has these columns, among others. */
export function tableWith(text: string, ...columns: readonly string[]): Table {
  const found = tablesIn(text).find(({ header }) =>
    columns.every((column) => header.includes(column))
  );
  assert.ok(found, `no table with the columns ${columns.join(", ")} in:\n${text}`);
  return found;
}

function tableOf([head, rule, ...body]: readonly string[]): Table {
  const header = cellsOf(head!);
  assert.match(rule ?? "", /^\| --- /, `a table without a rule below ${head}`);
  return {
    header,
    rows: body.map((line) => {
      const cells = cellsOf(line);
      assert.equal(cells.length, header.length, `${line} does not fit ${head}`);
      return Object.fromEntries(header.map((name, i) => [name, cells[i]!]));
    }),
  };
}

function cellsOf(line: string): string[] {
  return line.slice(2, -2).split(" | ");
}

/** The calls that an answer proposes in its line "Next: ...", each a tool and its arguments as JSON. */
export function proposalsIn(
  text: string,
): { readonly tool: string; readonly args: Record<string, unknown> }[] {
  const [, line = ""] = /^Next: (.*)$/m.exec(text) ?? [];
  return [...line.matchAll(/(?:^|; )([a-z-]+) (\{.*?\}) (?:to|for) /g)].map(([, tool, args]) => ({
    tool: tool!,
    args: JSON.parse(args!) as Record<string, unknown>,
  }));
}
