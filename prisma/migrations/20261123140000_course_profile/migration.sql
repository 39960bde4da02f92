-- What a course's servers are made from; none is the default.
ALTER TABLE "course" ADD COLUMN "profile" TEXT;
