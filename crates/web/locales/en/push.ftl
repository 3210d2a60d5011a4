# The titles of push messages.
push-mention = { $name } mentioned you
push-status = { $name } has posted
push-boost = { $name } boosted your post
push-follow = { $name } follows you now
push-follow-request = { $name } asks to follow you
push-like = { $name } likes your post
push-poll = A poll by { $name } has ended
push-update = { $name } edited a post that you boosted
push-added-to-collection = { $name } added you to a collection
push-collection-update = { $name } changed a collection that you are in
push-poll-own = Your poll has ended
push-severed = You have lost follows
push-sign-up = { $name } has joined
push-report = { $name } has filed a report
push-quote = { $name } quoted you
push-quoted-update = { $name } edited a post that you quoted
push-reaction = { $name } reacted to your post
