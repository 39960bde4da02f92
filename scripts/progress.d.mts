export declare class Obstacle extends Error {}
export type Note = (text: string) => void;
export type Progress = {
  line(text: string): void;
  warn(text: string): void;
  step<T>(title: string, work: (note: Note) => Promise<T>): Promise<T>;
};
export declare function makeProgress(out?: { isTTY?: boolean; columns?: number; write(text: string): unknown }, options?: { quietMs?: number }): Progress;
export declare function explain(error: unknown): string;
