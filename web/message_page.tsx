import type { Child } from "hono/jsx";
import { RUN_ID } from "./markdown.ts";
import { Page } from "./layout.tsx";

/** A page that says what went wrong and where to go from there. */
export function MessagePage(props: {
  title: string;
  message: string;
  isRun?: (id: string) => boolean;
}) {
  return (
    <Page title={props.title}>
      <h1>{props.title}</h1>
      <p class="lead">{withRunLinks(props.message, props.isRun ?? (() => false))}</p>
      <p>
        Go to <a href="/">all runs</a>, the <a href="/journal">journal</a>, or the{" "}
        <a href="/schedules">noise schedules</a>.
      </p>
    </Page>
  );
}

/** The text with every run that there is as a link. */
function withRunLinks(text: string, isRun: (id: string) => boolean): Child[] {
  const ids = text.match(RUN_ID) ?? [];
  return text.split(RUN_ID).flatMap((part, index) => {
    const id = ids[index];
    if (id === undefined) return [part];
    return [part, isRun(id) ? <a href={`/runs/${id}`}>{id}</a> : id];
  });
}
