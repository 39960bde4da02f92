-- Files on a running server's disk that its last snapshot could not keep, for their owner. Null: none.
ALTER TABLE "server" ADD COLUMN "unkept" JSONB;
