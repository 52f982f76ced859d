/** The viewer: server-rendered pages of the store, with client scripts for live updates. */
export { createApp } from "./app.tsx";
