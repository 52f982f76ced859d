import { characterPosterior } from "../../../models/text/character_posterior.ts";
import assert from "node:assert/strict";
import { informationOfCharacters, noisyLine, randomAlphabet } from "../../../models/text/mod.ts";

const alphabet = randomAlphabet([..." abcdefghij"], 16);
const at = (gamma: number) => {
  const alpha = Math.sqrt(1 / (1 + Math.exp(gamma)));
  return { alpha, sigma: Math.sqrt(1 - alpha * alpha) };
};

Deno.test("the alphabet's characters have unit length and different directions", () => {
  const { embeddings, dimension, characters } = alphabet;
  for (let v = 0; v < characters.length; v++) {
    const row = embeddings.subarray(v * dimension, (v + 1) * dimension);
    assert.ok(Math.abs(Math.hypot(...row) - 1) < 1e-6);
  }
});

Deno.test("characterPosterior() is Bayes' rule with a Gaussian likelihood and equal priors", () => {
  const mixture = at(-1), { embeddings, dimension: d } = alphabet;
  const z = Float64Array.from({ length: d }, (_, j) => Math.sin(3 * j));
  const likelihoods = alphabet.characters.map((_, v) => {
    let distance = 0;
    for (let j = 0; j < d; j++) distance += (z[j]! - mixture.alpha * embeddings[v * d + j]!) ** 2;
    return Math.exp(-distance / (2 * mixture.sigma ** 2));
  });
  const total = likelihoods.reduce((sum, value) => sum + value, 0);
  const shares = characterPosterior(z, mixture, alphabet);
  likelihoods.forEach((value, v) => assert.ok(Math.abs(shares[v]! - value / total) < 1e-6));
});

Deno.test("a line is read without noise, and guessed without signal", () => {
  const clean = noisyLine("a cab", { alpha: 1, sigma: 0 }, alphabet);
  assert.deepEqual(clean, { text: "a cab", confidence: [1, 1, 1, 1, 1] });
  const { confidence } = noisyLine("a cab", { alpha: 0, sigma: 1 }, alphabet);
  for (const share of confidence) assert.ok(Math.abs(share - 1 / 11) < 1e-9);
});

Deno.test("what a character tells by itself falls with the noise from all to nothing", () => {
  const parts = [-8, -3, -1.5, 0, 2, 8].map((gamma) =>
    informationOfCharacters(at(gamma), alphabet)
  );
  assert.ok(parts[0]! > 0.99 && Math.abs(parts.at(-1)!) < 0.01, `${parts}`);
  parts.forEach((part, i) => assert.ok(i === 0 || part < parts[i - 1]!, `${parts}`));
});
