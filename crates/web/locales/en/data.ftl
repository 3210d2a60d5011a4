# What people carry in and out.
settings-data = Export and import
data-title = Export and import
data-export = Export
data-export-text = Files that other servers of this kind read too.
data-download = Download
data-following = Accounts you follow
data-followers = Your followers
data-blocks = Accounts you block
data-mutes = Accounts you mute
data-domains = Servers you block
data-lists = Lists
data-bookmarks = Bookmarks
data-import = Import
data-import-text = Files that you have exported elsewhere. Whoever is unknown here is looked up, which takes a while.
data-what = What the file holds
data-file = The file
data-mode = What is here already
data-merge = stays
data-overwrite = goes, where the file does not name it (but for lists)
data-import-button = Import
data-imports = Imports
data-progress = { $done } of { $total }, { $failed } of them came to nothing
data-finished = Finished
data-running = Under way
data-begun = The import has begun.
data-too-large = The file is too large.
data-unreadable = Nothing in this file can be read as what you have chosen.
data-busy = Other imports of yours are still under way.

# Everything that somebody has said here, in one file.
archive-title = Your archive
archive-text = One ZIP file with all your posts, whoever they were for, your pictures and videos, your profile, your likes and bookmarks. It is laid out as archives of Mastodon are, and other programs read it.
archive-ask = Request your archive
archive-begun = Your archive is being made. A letter tells you when it is ready.
archive-under-way = Your archive is being made. A letter tells you when it is ready.
archive-too-soon = You have requested your archive within the last days.
archive-ready = Your archive is ready
archive-size = { $size } MB
archive-kept = Only you can download it, until { $name }.
archive-next = You can request another from { $name } on.

# Another e-mail address.
email-title = Another e-mail address
email-text = A letter is sent to the new address. The present one stays until you have followed the link in it.
email-new = New e-mail address
email-button = Send the letter
email-change = Change
email-sent = A letter is on its way to { $name }. Follow the link in it.

# Deleting an account.
delete-title = Delete your account
delete-text = Your posts, pictures, followers and everything else here are deleted, and other servers are told to do the same. This cannot be undone.
delete-name = Your user name stays taken: nobody can come back as you.
delete-button = Delete everything for ever
delete-done = Your account was deleted
delete-done-text = It may take a while until every other server has heard of it.
