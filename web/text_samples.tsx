/** What a run on text wrote, and how it came out of the noise. */
import type { TextSample, TextSampleFrame } from "../experiments/mod.ts";
import { formatNumber } from "../figures/mod.ts";
import { Time } from "./components.tsx";
import { stretchesOf } from "./stretches.ts";

export function TextSamples({ samples }: { samples: readonly TextSample[] }) {
  return (
    <>
      {samples.toReversed().slice(0, 12).map((sample) => <TextFigure sample={sample} />)}
    </>
  );
}

function TextFigure({ sample }: { sample: TextSample }) {
  return (
    <figure class="written" id={sample.id}>
      <figcaption>
        <b>{sample.id}</b> {captionOf(sample)} · <Time at={sample.createdAt} />
      </figcaption>
      {sample.frames.length > 0 && <Film sample={sample} />}
      <div class="texts">
        {sample.texts.map((text) => <pre class="verse" tabindex={0}>{text}</pre>)}
      </div>
    </figure>
  );
}

/** "blocks of 16, ddpm 64 steps, temperature 0.7, seed 0; step 500, 65 evaluations, 1.2 s". */
function captionOf({ settings, ...sample }: TextSample): string {
  const { mode, sampler, steps, block_size, temperature, seed } = settings;
  const blocks = ["blocks", "guided", "revised"].includes(mode) ? ` of ${block_size}` : "";
  const walk = mode === "autoregressive" ? "" : `, ${sampler} ${steps} steps`;
  return `${mode}${blocks}${walk}, temperature ${temperature}, seed ${seed}; training step ` +
    `${sample.step.toLocaleString("en-US")}, ${sample.networkEvaluations} evaluations, ` +
    `${formatNumber(sample.seconds)} s${
      settings.made_by === "training" ? ", made while training" : ""
    }`;
}

/** The first text at every kept noise level; without a script all levels stand below each other. */
function Film({ sample }: { sample: TextSample }) {
  const last = sample.frames.length - 1;
  const label = `Noise level of ${sample.id}`;
  return (
    <div class="film">
      <input type="range" min="0" max={last} value={last} aria-label={label} hidden />
      {sample.frames.map((frame) => (
        <div class="frame">
          <p class="quiet">
            {levelOf(frame)}, sure {sureness(frame)} on average
          </p>
          <pre class="verse" tabindex={0}>
            <span class="quiet">{[...sample.texts[0]!].slice(0, frame.start).join("")}</span>
            {stretchesOf({ text: frame.texts[0]!, confidence: frame.confidence[0]! }).map(({ text, tenth }) => <span class={`sure-${tenth}`}>{text}</span>)}
          </pre>
        </div>
      ))}
    </div>
  );
}

function levelOf({ gamma, masked }: TextSampleFrame): string {
  return gamma === null ? `${Math.round(100 * masked!)} % masked` : `−log SNR ${gamma.toFixed(1)}`;
}

function sureness({ confidence }: TextSampleFrame): string {
  const shares = confidence[0]!;
  return `${Math.round(100 * shares.reduce((sum, share) => sum + share, 0) / shares.length)} %`;
}
