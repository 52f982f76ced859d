/** The viewer: server-rendered pages over the store, with a little script for what is live. */
export { type AppOptions, createApp } from "./app.tsx";
