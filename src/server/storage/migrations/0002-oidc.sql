-- Users who sign in with OpenID Connect.

-- The issuer and the id of the user there: a name at the provider can pass on to another person.
ALTER TABLE users ADD COLUMN subject TEXT;
-- One account of the provider is one user here, whatever its name there.
CREATE UNIQUE INDEX users_subject ON users(subject);
-- The groups that the provider stated at the sign-in, as a JSON array; only those with grants here.
ALTER TABLE sessions ADD COLUMN member_of TEXT;
