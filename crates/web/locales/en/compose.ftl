# Writing on a page.
compose-title = Write a post
compose-answer = Answer
compose-text = Your post
compose-limit = { $count ->
        [one] At most { $number } character.
       *[other] At most { $number } characters.
    }
compose-warning = Content warning
compose-warning-hint = Hides the post behind these words. May stay empty.
compose-audience = Who may read it
compose-public = Everybody
compose-unlisted = Everybody, but in no public timeline
compose-private = Only those who follow you
compose-direct = Only those whom it mentions
compose-button = Publish

# Meeting somebody or something from elsewhere.
interact-title = A post
interact-follow = Follow
interact-unfollow = Unfollow
interact-withdraw = Take the request back
interact-following = You follow this account.
interact-requested = You have asked to follow this account.
interact-follows-you = Follows you
interact-you = This is you.
interact-reply = Answer
interact-like = Like
interact-unlike = Like no longer
interact-boost = Boost
interact-unboost = Boost no longer
interact-keep = Bookmark
interact-let-go = Remove bookmark
interact-refused = This cannot be done with this account or post.
