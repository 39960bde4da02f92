import { copyFileSync, mkdirSync } from 'node:fs';
import { PHASE_DEVELOPMENT_SERVER, PHASE_PRODUCTION_BUILD } from 'next/constants.js';

/** On every answer of the site. The pages' Content-Security-Policy, which differs each time, is in proxy.ts. */
const everywhere = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  // Of the site's addresses, other origins see nothing.
  { key: 'Referrer-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=()' },
];

/** @type {import('next').NextConfig} Not TypeScript, or the running site would load Next's whole compiler for it: 40 MB. */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  // `npm test` and `npm run check` check types; a first `up` need not do it again.
  typescript: { ignoreBuildErrors: true },
  // The development server would print the arguments of actions, and passwords are among them.
  logging: { serverFunctions: false },
  allowedDevOrigins: ['lectern.localhost', '*.lectern.localhost'],
  serverExternalPackages: ['pg', 'pino', '@node-rs/argon2', '@prisma/client', '@prisma/adapter-pg', 'nodemailer', 'undici'],
  turbopack: { rules: { '**/@jupyterlab/services/lib/kernel/default.js': { loaders: ['./scripts/bundle/kernel-alone.cjs'] } } },
  headers: async () => [
    { source: '/:path*', headers: everywhere },
    {
      source: '/((?!output-frame).*)',
      headers: [
        { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
        // A process of its own: a notebook that is busy must not freeze the site's page. The output frame has an opaque origin,
        // which is alone anyhow; Chromium complains of the header there.
        { key: 'Origin-Agent-Cluster', value: '?1' },
      ],
    },
    // These addresses hold one-time tokens, which must not stand in the Referer of whatever their pages ask for.
    { source: '/:page(link|reset|verify|welcome)', headers: [{ key: 'Referrer-Policy', value: 'strict-origin' }] },
    // A sandboxed frame has an opaque origin, so its own scripts are cross-origin to it.
    {
      source: '/output-frame/:path*',
      headers: [
        { key: 'Cross-Origin-Resource-Policy', value: 'cross-origin' },
        { key: 'Access-Control-Allow-Origin', value: '*' },
      ],
    },
    { source: '/output-frame/plotly.js', headers: [{ key: 'Cache-Control', value: 'public, max-age=86400' }] },
  ],
};

/** Plotly's own bundle, 4.7 MB, becomes a static file: what a route answers, Next does not compress. */
function copyPlotly() {
  mkdirSync('public/output-frame', { recursive: true });
  copyFileSync('node_modules/plotly.js-dist-min/plotly.min.js', 'public/output-frame/plotly.js');
}

/** @param {string} phase */
export default function configFor(phase) {
  if (phase === PHASE_PRODUCTION_BUILD || phase === PHASE_DEVELOPMENT_SERVER) copyPlotly();
  return config;
}
