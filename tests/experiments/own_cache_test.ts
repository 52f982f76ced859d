/** A folder of pictures, whose decoded copy is kept in the operating system's cache. */
import { testInOwnCache } from "./own_cache/process.ts";

testInOwnCache("picture_folder");
