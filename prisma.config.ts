import { join } from 'node:path';
import { defineConfig } from 'prisma/config';

// The WebAssembly schema engine from npm stands in for the native one, whose download host need not be reachable.
if (process.platform !== 'win32') process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= join(import.meta.dirname, 'scripts/schema-engine.mjs');

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_DIRECT_URL ?? process.env.DATABASE_URL ?? 'postgresql://127.0.0.1:1/unset' },
});
