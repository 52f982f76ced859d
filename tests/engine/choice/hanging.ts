/** A process that measures a device whose driver never answers. */
for (;;);
