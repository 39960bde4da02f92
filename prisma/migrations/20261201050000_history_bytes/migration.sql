-- At least the bytes that a workspace's revisions name; writes add to it, and what is really named is counted when it passes the limit.
ALTER TABLE "workspace" ADD COLUMN "history_bytes" BIGINT NOT NULL DEFAULT 0;

UPDATE "workspace" w SET "history_bytes" = h.bytes
  FROM (SELECT f."workspace_id", sum(r."size") AS bytes FROM "revision" r JOIN "file" f ON f."id" = r."file_id" GROUP BY f."workspace_id") h
 WHERE h."workspace_id" = w."id";
