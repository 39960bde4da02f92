-- The newest that have ended, for admins, without sorting all there ever were.
CREATE INDEX "server_ended" ON "server" ("generation") WHERE "state" IN ('stopped', 'failed');
