/** A process that measures a device whose driver crashes: it reads memory that is not its own. */
new Deno.UnsafePointerView(Deno.UnsafePointer.create(8n)!).getUint8();
