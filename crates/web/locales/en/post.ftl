# A post.
post-title = { $name }: { $text }
post-heading = Post by { $name }
post-boosted-by = { $name } boosted
post-pinned = Pinned
post-answers = Replying to { $name }
post-edited = edited
post-edited-at = Edited { $name }
post-by-app = with { $name }
post-show = Show
post-hide = Hide
post-sensitive = Sensitive pictures
post-alt = Description of the picture
post-file = Open the file
post-replies = { $count ->
        [one] { $number } reply
       *[other] { $number } replies
    }
post-boosts = { $count ->
        [one] { $number } boost
       *[other] { $number } boosts
    }
post-likes = { $count ->
        [one] { $number } like
       *[other] { $number } likes
    }
post-replies-label = Replies
post-join = To answer, search for { $name } in your app.
post-attachments = { $count ->
        [one] { $number } attachment
       *[other] { $number } attachments
    }
quote-pending = The author of the quoted post has not agreed yet.
quote-rejected = The author of the quoted post did not agree to be quoted.
quote-revoked = The author of the quoted post no longer agrees to be quoted here.
quote-deleted = The quoted post was deleted.
quote-hidden = The quoted post is not for everybody.
quote-media = With attachments
poll-voters = { $count ->
        [one] { $number } person voted
       *[other] { $number } people voted
    }
poll-over = Voting is over
poll-open = Voting is open
poll-ends = Ends { $name }
away-picture = Picture on { $name }
away-film = Video on { $name }
away-sound = Audio on { $name }
away-file = File on { $name }

# A hashtag’s page.
hashtag-title = #{ $name }
hashtag-description = Posts about #{ $name }
feed-of = Posts by { $name }
feed-of-tag = Posts by { $name } about #{ $tag }
