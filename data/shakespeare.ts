/**
 * Tiny Shakespeare: 1,115,394 characters of his plays, in the public domain, collected by Karpathy
 * for char-rnn.
 */
import { sha256 } from "./content.ts";
import { type DataSource, type PublicDataset, readPublicFile } from "./public_dataset.ts";
import { decodeUtf8 } from "./text_file.ts";
import type { RawText } from "./texts.ts";

const FILE = "input.txt";

export const TINY_SHAKESPEARE: PublicDataset<typeof FILE> = {
  title: "Tiny Shakespeare",
  folder: "shakespeare",
  files: {
    [FILE]: {
      bytes: 1_115_394,
      sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    },
  },
  mirrors: [
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",
  ],
  suffix: "",
  waysOut: `Put ${FILE} into a folder \`shakespeare\` and name the folder above it with the ` +
    "environment variable TEXTDIFFUSION_DATA or the option `directory`, or use the dataset " +
    "`made-up-verse`, which needs no network",
};

/**
 * Tiny Shakespeare from `shakespeare/` in a directory or in a cache.
 *
 * @throws {UserError} As `readPublicFile()` does.
 */
export async function loadTinyShakespeare(source: DataSource): Promise<RawText> {
  const bytes = await readPublicFile(TINY_SHAKESPEARE, FILE, source);
  return {
    name: "tiny-shakespeare",
    title: TINY_SHAKESPEARE.title,
    hash: sha256(bytes),
    text: decodeUtf8(bytes, FILE),
  };
}
