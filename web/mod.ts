/** The viewer: server-rendered pages over the store, with a little script for what is live. */
export { createApp } from "./app.tsx";
