import { parseArgs } from 'node:util';

export type Options = { dev: boolean; printAdminLink: boolean; help: boolean };

export const usage = `npm run up [-- options]

  --dev                hot reload (the same as npm run dev)
  --print-admin-link   print another one-time sign-in link for an admin, also of a site that runs
  --help               this

Settings are environment variables or lines of .env; .env.example lists them all.`;

/** The options of `up`, or what is wrong with them. */
export function parseOptions(args: string[]): Options | string {
  try {
    const { values } = parseArgs({
      args,
      options: { dev: { type: 'boolean', default: false }, 'print-admin-link': { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    return { dev: values.dev, printAdminLink: values['print-admin-link'], help: values.help };
  } catch (error) {
    return (error as Error).message;
  }
}
