-- A write looks for what its path ever was; rows of deleted files are the larger part in time.
DROP INDEX "file_workspace_id_idx";
CREATE INDEX "file_workspace_id_path_idx" ON "file" ("workspace_id", "path");

-- Folders above and below a path are looked for by prefix, whatever the collation of the database.
CREATE INDEX "file_live_prefix" ON "file" ("workspace_id", "path" text_pattern_ops) WHERE "deleted_at" IS NULL;

-- Chunks arrive compressed where that helps; PostgreSQL need not try again.
ALTER TABLE "blob_chunk" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;
