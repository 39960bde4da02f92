import { readConfig } from './config.ts';

/** The environment of this very process. The only place that touches `process.env`. */
export const readEnvironment = () => readConfig(process.env);
