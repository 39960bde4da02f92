/** Of `blob b`: nothing names it. Whether somebody is about to is told by `created_at`, which every put touches. */
export const UNNAMED = `NOT EXISTS (SELECT 1 FROM revision r WHERE r.sha256 = b.sha256)
       AND NOT EXISTS (SELECT 1 FROM file f WHERE f.sha256 = b.sha256)
       AND NOT EXISTS (SELECT 1 FROM lesson_version v WHERE v.notebook_sha256 = b.sha256)
       AND NOT EXISTS (SELECT 1 FROM lesson_version v, jsonb_array_elements(v.assets) a WHERE a->>'sha256' = encode(b.sha256, 'hex'))`;
