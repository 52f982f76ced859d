/**
 * Checks that imports point one way, that no files and no sibling folders import each other in a
 * circle, and that a folder is entered by its `mod.ts` only. Run as a program, it prints what is wrong and fails.
 */
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";

/** From the top down: a file may import its own folder and those further down. */
const LAYERS: readonly (readonly string[])[] = [
  // They look at everything, from anywhere; nothing looks at them.
  ["tests", "bench"],
  ["main.ts"],
  ["tools", "web"],
  ["journal"],
  ["figures"],
  ["experiments"],
  ["models", "data"],
  ["engine"],
];

/** Folders that must not know each other although the layers would let them. */
const FORBIDDEN: readonly (readonly [from: string, to: string])[] = [
  ["models/diffusion/", "models/image/"],
  ["models/diffusion/", "models/text/"],
];

/** The files of a repository, by path from its root, and the files that each imports. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Relative specifiers of TypeScript files in a module, in the order of their occurrence: static and dynamic imports,
 * re-exports, types included. It reads formatted code, where a declaration begins its line.
 */
export function relativeImports(source: string): string[] {
  const declaration = /^(?:import|export)\s(?:[^"'`;]*?\bfrom\s+)?["'](\.[^"']*\.tsx?)["']/gm;
  const call = /\bimport\(\s*["'](\.[^"']*\.tsx?)["']/g;
  return [...source.matchAll(declaration), ...source.matchAll(call)]
    .sort((a, b) => a.index - b.index)
    .map((match) => match[1]!);
}

/** Reads the imports of every TypeScript file under a directory. */
export function readImportGraph(root: string): ImportGraph {
  const graph = new Map<string, string[]>();
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(root, folder))) {
      const path = join(folder, name);
      if (isDirectory && !name.startsWith(".") && name !== "workspace") visit(path);
      if (!/\.tsx?$/.test(name)) continue;
      const specifiers = relativeImports(Deno.readTextFileSync(join(root, path)));
      graph.set(path, specifiers.map((specifier) => join(dirname(path), specifier)));
    }
  };
  visit("");
  return graph;
}

/** What is wrong with the imports, one line each; empty if nothing is. */
export function violations(graph: ImportGraph): string[] {
  const doors = new Map(
    [...graph.keys()].filter((path) => /\/mod\.tsx?$/.test(path)).map((
      path,
    ) => [dirname(path), path]),
  );
  const found: string[] = [];
  for (const [from, targets] of graph) {
    for (const to of targets) {
      const reason = wrongDirection(from, to) ?? wrongDoor(from, to, doors);
      if (reason) found.push(`${from} imports ${to}: ${reason}`);
    }
  }
  return [
    ...found,
    ...cycles(graph).map((cycle) => `circle: ${cycle.join(" -> ")}`),
    ...cycles(folderGraph(graph)).map((cycle) => `circle of folders: ${cycle.join(" -> ")}`),
  ];
}

/**
 * The folders within each top folder, and which of their siblings they import. Files that lie in the
 * top folder itself belong to none: they bring the folders together.
 */
function folderGraph(graph: ImportGraph): ImportGraph {
  const folders = new Map<string, Set<string>>();
  for (const [from, targets] of graph) {
    const folder = siblingOf(from);
    if (folder === undefined || layerOf(topOf(from)) === 0) continue;
    const imported = targets.map(siblingOf).filter((to) => to !== undefined && to !== folder);
    const known = folders.get(folder) ?? new Set();
    imported.filter((to) => topOf(to!) === topOf(folder)).forEach((to) => known.add(to!));
    folders.set(folder, known);
  }
  return new Map([...folders].map(([folder, targets]) => [folder, [...targets]]));
}

/** "experiments/image" of a file in that folder or below it. */
function siblingOf(path: string): string | undefined {
  const parts = path.split("/");
  return parts.length > 2 ? parts.slice(0, 2).join("/") : undefined;
}

function wrongDirection(from: string, to: string): string | undefined {
  const [fromTop, toTop] = [topOf(from), topOf(to)];
  if (fromTop === toTop) {
    const [pair] = FORBIDDEN.filter(([a, b]) => from.startsWith(a) && to.startsWith(b));
    return pair && `${pair[0]} must not know ${pair[1]}`;
  }
  const [fromLayer, toLayer] = [layerOf(fromTop), layerOf(toTop)];
  if (fromLayer < 0 || toLayer < 0) {
    return `${fromLayer < 0 ? fromTop : toTop} is in no layer, place it in ${SELF}`;
  }
  if (fromLayer > toLayer) return `${toTop} is above ${fromTop}`;
  return fromLayer === toLayer ? `${fromTop} and ${toTop} stand side by side` : undefined;
}

/** A file is reached through the `mod.ts` or `mod.tsx` of every folder with one that the importer is not in. */
function wrongDoor(
  from: string,
  to: string,
  doors: ReadonlyMap<string, string>,
): string | undefined {
  if (layerOf(topOf(from)) === 0) return undefined;
  for (let folder = dirname(to); folder !== "."; folder = dirname(folder)) {
    if (from.startsWith(`${folder}/`)) return undefined;
    const door = doors.get(folder);
    if (door !== undefined) return to === door ? undefined : `the door is ${door}`;
  }
  return undefined;
}

/** One circle for each import that closes one, found in depth-first order. */
function cycles(graph: ImportGraph): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string) => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    graph.get(path)?.forEach(visit);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}

const SELF = "tests/import_directions.ts";

const topOf = (path: string) => path.split("/")[0]!;

const layerOf = (top: string) => LAYERS.findIndex((layer) => layer.includes(top));

if (import.meta.main) {
  const found = violations(readImportGraph(fileURLToPath(new URL("..", import.meta.url))));
  for (const line of found) console.error(line);
  if (found.length > 0) Deno.exit(1);
}
