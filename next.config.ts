import type { NextConfig } from 'next';

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  allowedDevOrigins: ['lectern.localhost', '*.lectern.localhost'],
  serverExternalPackages: ['pg', 'pino', '@node-rs/argon2', '@prisma/client', '@prisma/adapter-pg', 'nodemailer', 'undici'],
};

export default config;
