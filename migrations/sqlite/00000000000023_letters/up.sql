-- What somebody has written to some alone, for the timeline of letters; one's other posts are not walked for it.
CREATE INDEX posts_own_letters ON posts (author_id, id DESC) WHERE visibility = 3;
