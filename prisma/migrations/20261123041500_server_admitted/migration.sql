-- When a waiting server was let start: the queue takes courses in turn, the longest unserved first.
ALTER TABLE "server" ADD COLUMN "admitted_at" TIMESTAMPTZ;
