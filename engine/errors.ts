/** Kept while imports move to the folder's new door. */
export { UserError } from "./host/mod.ts";
