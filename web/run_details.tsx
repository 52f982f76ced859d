import type { LabEvent, Run, RunReport } from "../experiments/mod.ts";
import { formatNumber } from "../figures/mod.ts";
import { trainCall } from "../journal/mod.ts";
import { Ask, isActive, settingText, Time } from "./components.tsx";

/** What a run is made of, and where it comes from. */
export function Configuration({ run }: { run: Run }) {
  const origin: [string, string | number | null][] = [
    ["configuration hash", run.configHash],
    ["data set hash", run.datasetHash],
    ["code version", run.codeVersion],
    ["device", run.device],
    ["why this device", run.deviceChoice?.reason ?? null],
    ["replicas", run.replicas],
  ];
  return (
    <div>
      <h2>Configuration</h2>
      <table class="pairs">
        <tbody>
          {Object.entries(run.config).map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{settingText(value)}</td>
            </tr>
          ))}
        </tbody>
        <tbody>
          {origin.map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td class="quiet hash">{value ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Sentences for an assistant that make sense for the run as it stands. */
export function WhatToSay({ run }: { run: Run }) {
  const canResume = ["stopped", "interrupted", "failed"].includes(run.status);
  return (
    <>
      <h2>Ask your assistant</h2>
      {isActive(run) && (
        <Ask say={`Stop ${run.id}.`} tool="stop-run" arguments={{ runs: [run.id] }} />
      )}
      {canResume && <Ask say={`Resume ${run.id}.`} tool="train" arguments={{ resume: run.id }} />}
      {run.checkpointStep !== null && (
        <Ask
          say={run.config.modality === "image"
            ? `Sample ${run.id} with guidance 3 and show the film strip.`
            : `Let ${run.id} write, and show how it comes out of the noise.`}
          tool="sample"
          arguments={{
            run: run.id,
            ...(run.config.modality === "image" ? { guidance_scale: 3 } : {}),
            film_strip: true,
          }}
        />
      )}
      <div class="ask">
        <p>“Train it again.”</p>
        <pre><code>train {trainCall([run])}</code></pre>
      </div>
    </>
  );
}

/** A run's newest checkpoints. */
export function Checkpoints({ report }: { report: RunReport }) {
  if (report.checkpoints.length === 0) return null;
  return (
    <>
      <h2>Checkpoints</h2>
      <table class="pairs">
        <tbody>
          {report.checkpoints.toReversed().slice(0, 8).map((checkpoint) => (
            <tr>
              <th scope="row">step {checkpoint.step.toLocaleString("en-US")}</th>
              <td class="quiet">
                {formatNumber(checkpoint.bytes / 1e6)} MB · <Time at={checkpoint.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** What befell a run, newest first. */
export function Events({ events }: { events: readonly LabEvent[] }) {
  if (events.length === 0) return null;
  return (
    <>
      <h2>What happened</h2>
      <ol class="events">
        {events.map((event) => (
          <li>
            <Time at={event.at} /> <span>{event.message}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
