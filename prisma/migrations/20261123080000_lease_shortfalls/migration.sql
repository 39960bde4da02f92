-- What servers cannot be held to where the leader runs them, for admins.
ALTER TABLE "lease" ADD COLUMN "shortfalls" JSONB NOT NULL DEFAULT '[]';
