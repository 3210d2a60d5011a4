-- The token that a code was exchanged for: whoever shows the code again shows that it was stolen, and the token goes.
ALTER TABLE oauth_codes ADD COLUMN token_id BIGINT;
