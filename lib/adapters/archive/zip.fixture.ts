import { crc32, deflateRawSync } from 'node:zlib';

export type CraftedEntry = {
  name: string;
  bytes?: Buffer;
  /** Bytes as they lie in the archive, when not the deflated ones of `bytes`. */
  packed?: Buffer;
  declaredSize?: number;
  /** Unix mode, e.g. 0o120777 for a symbolic link. */
  mode?: number;
  encrypted?: boolean;
  /** Shares the data of an earlier entry, as overlapping bombs do. */
  sameDataAs?: number;
};

/** A zip archive byte by byte, so that it can lie. */
export function craftZip(entries: CraftedEntry[], options: { entryCount?: number } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const bytes = entry.bytes ?? Buffer.alloc(0);
    const packed = entry.packed ?? deflateRawSync(bytes);
    const flags = 0x800 | (entry.encrypted ? 1 : 0);
    const sizes = Buffer.alloc(16);
    sizes.writeUInt32LE(entry.packed ? 0 : crc32(bytes), 0);
    sizes.writeUInt32LE(packed.length, 4);
    sizes.writeUInt32LE(entry.declaredSize ?? bytes.length, 8);
    sizes.writeUInt16LE(name.length, 12);
    const local = Buffer.alloc(14);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(8, 8);
    if (entry.sameDataAs === undefined) {
      offsets.push(at);
      parts.push(local, sizes, name, packed);
      at += 30 + name.length + packed.length;
    } else offsets.push(offsets[entry.sameDataAs]!);
    const central = Buffer.alloc(16);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE((3 << 8) | 20, 4);
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(8, 10);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offsets.at(-1)!, 10);
    directory.push(central, sizes, tail, name);
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(options.entryCount ?? entries.length, 8);
  end.writeUInt16LE(options.entryCount ?? entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

/** A body as the upload page sends it. */
export async function* uploadBody(files: { name: string; bytes: Buffer }[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify(files.map(({ name, bytes }) => ({ name, size: bytes.length })))}\n`);
  for (const { bytes } of files) for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}

/** The smallest notebook with these cells. */
export const notebookBytes = (...cells: { type: 'code' | 'markdown'; source: string }[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: {},
      cells: cells.map(({ type, source }, index) => ({ id: `cell-${index}`, cell_type: type, metadata: {}, source, ...(type === 'code' ? { outputs: [], execution_count: null } : {}) })),
    }),
  );
