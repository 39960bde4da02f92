import { plotlyBundle } from '../../../lib/web/output-frame.ts';

export const GET = plotlyBundle;
