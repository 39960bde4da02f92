export type RunOptions = {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
  onChunk?: (chunk: string) => void;
  timeoutMs?: number;
  signal?: AbortSignal;
};
export declare function run(command: string, args: string[], options?: RunOptions): Promise<{ code: number; tail: string; late: boolean }>;
