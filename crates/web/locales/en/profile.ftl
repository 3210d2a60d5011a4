# A person’s page.
profile-title = { $name } ({ $handle })
profile-posts = { $count ->
        [one] post
       *[other] posts
    }
profile-following = { $count ->
       *[other] following
    }
profile-followers = { $count ->
        [one] follower
       *[other] followers
    }
profile-posts-count = { $count ->
        [one] { $number } post
       *[other] { $number } posts
    }
profile-followers-count = { $count ->
        [one] { $number } follower
       *[other] { $number } followers
    }
profile-tab-posts = Posts
profile-tab-replies = Posts and replies
profile-tab-media = Media
profile-posts-label = Posts
profile-empty = Nothing here yet.
profile-bot = Bot
profile-group = Group
profile-locked = Approves followers
profile-memorial = In memory
profile-moved = Has moved to { $name }.
profile-verified = Verified on { $date }
profile-since = Here since { $name }.
profile-follow = To follow, search for { $name } in your app.
collection-by = Recommended by { $name }
collection-empty = Nobody here yet.
