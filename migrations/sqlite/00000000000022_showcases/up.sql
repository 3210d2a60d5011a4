-- What remote profiles show besides themselves: the collection of their hashtags, and when that and their pins were fetched.
ALTER TABLE actor_endpoints ADD COLUMN featured_tags TEXT;
ALTER TABLE actor_endpoints ADD COLUMN featured_at BIGINT;

-- Who wrote a page, by what the page says alone: the account does not name the page's domain.
ALTER TABLE cards ADD COLUMN claimed_author_id BIGINT REFERENCES actors (id) ON DELETE SET NULL;
CREATE INDEX cards_claimed ON cards (claimed_author_id) WHERE claimed_author_id IS NOT NULL;

-- What is put into the full-text index anew, and up to which id that is done. Whoever changes what is indexed puts rows here;
-- a server that begins with this version has nothing to do.
CREATE TABLE reindexing (
    what TEXT PRIMARY KEY NOT NULL,
    after_id BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO reindexing (what, after_id) SELECT 'posts', 0 WHERE EXISTS (SELECT 1 FROM posts);
INSERT INTO reindexing (what, after_id) SELECT 'actors', 0 WHERE EXISTS (SELECT 1 FROM actors);
