-- The oldest warm server of a profile, without sorting all of them for each claim.
CREATE INDEX "server_warm" ON "server" ("profile", "generation") WHERE "state" = 'warm' AND "desired" = 'run';
