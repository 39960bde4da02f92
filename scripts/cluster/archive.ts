import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../run.mjs';

/** An image of plain tar files, without a registry or an engine. */
export type Image = {
  /** As containerd names it: with host and tag. */
  name: string;
  layers: string[];
  config: { Entrypoint: string[]; Env?: string[]; User?: string; WorkingDir?: string };
};

const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];
const type = (name: string) => `application/vnd.oci.image.${name}`;

/**
 * Writes the image as an OCI archive, as `ctr images import` and `docker load` take it. `folder` is for what it needs meanwhile. The layers
 * are left as they are, to the link: several archives may be made of one layer at once.
 */
export async function writeArchive(image: Image, folder: string, out: string): Promise<void> {
  const layout = mkdtempSync(join(folder, 'oci-'));
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const json = (mediaType: string, content: unknown) => {
    const text = JSON.stringify(content);
    const digest = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(blobs, digest), text);
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
  };
  const layer = async (file: string) => {
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    const digest = hash.digest('hex');
    // A hard link would change the layer's own times, and tar, in the midst of it for another archive, would not trust what it read.
    symlinkSync(resolve(file), join(blobs, digest));
    return { mediaType: type('layer.v1.tar'), digest: `sha256:${digest}`, size: statSync(file).size };
  };
  try {
    const layers = await Promise.all(image.layers.map(layer));
    const platform = { architecture: ARCHITECTURE, os: 'linux' };
    // Uncompressed, a layer's name is also the name of what it unpacks to.
    const config = json(type('config.v1+json'), { ...platform, config: image.config, rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) } });
    const manifest = json(type('manifest.v1+json'), { schemaVersion: 2, mediaType: type('manifest.v1+json'), config, layers });
    const annotations = { 'io.containerd.image.name': image.name, 'org.opencontainers.image.ref.name': image.name.split(':').at(-1)! };
    writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: type('index.v1+json'), manifests: [{ ...manifest, platform, annotations }] }));
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const { code, tail } = await run('tar', ['-C', layout, '--dereference', '-cf', out, 'oci-layout', 'index.json', 'blobs']);
    if (code !== 0) throw new Error(`tar failed: ${tail}`);
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
}
