/** The pretrained models beside each other, their newest films playing. */
import type { Run, Sample, TextSample } from "../experiments/mod.ts";
import { Ask, Page, SampleFigure } from "./layout.tsx";
import { runUrl } from "./markdown.ts";
import { staticUrl } from "./static_files.ts";
import { TextSamples } from "./text_view.tsx";

/** A pretrained run and what is shown of it. */
export interface Pretrained {
  readonly run: Run;
  /** The newest film strip; null for text. */
  readonly film: Sample | null;
  /** The newest text of each mode. */
  readonly texts: readonly TextSample[];
}

export function StudyPage({ models }: { models: readonly Pretrained[] }) {
  return (
    <Page title="Pretrained" section="/study" refreshSeconds={5}>
      <script type="module" src={staticUrl("films.js")}></script>
      <script type="module" src={staticUrl("verse.js")}></script>
      <h1>Pretrained models</h1>
      <p class="lead">
        They come with the program, are available in every workspace under their ids, and are never
        written: what is drawn and measured with them belongs to this workspace.
      </p>
      {models.length === 0 && (
        <p class="empty">
          The folder <code>study</code> of the program is missing.
        </p>
      )}
      <section id="samples" class="forming" data-live aria-label="What they make of noise">
        {models.map(({ run, film, texts }) => (
          <div data-play>
            <h2>
              <a href={runUrl(run.id)}>{run.id}</a>
            </h2>
            {film && <SampleFigure sample={film} />}
            <TextSamples samples={texts} />
          </div>
        ))}
      </section>
      {models.some(({ film }) => film) && (
        <Ask
          say="Draw ten digits with study/digits, and show how they form."
          tool="sample"
          arguments={{ run: "study/digits", count: 10, film_strip: true }}
        />
      )}
    </Page>
  );
}
