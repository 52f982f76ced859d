import { Page } from "./layout.tsx";

/** A page that says what went wrong and where to go from there. */
export function MessagePage(props: { title: string; message: string }) {
  return (
    <Page title={props.title}>
      <h1>{props.title}</h1>
      <p class="lead">{props.message}</p>
      <p>
        Go to <a href="/">all runs</a>, the <a href="/journal">journal</a>, or the{" "}
        <a href="/schedules">noise schedules</a>.
      </p>
    </Page>
  );
}
