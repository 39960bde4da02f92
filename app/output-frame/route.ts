import { outputFrame } from '../../lib/web/output-frame.ts';

export const GET = outputFrame;
