# The front page.
front-lead = A place where people sit together and talk. Write, follow and answer people here and on every other server of the fediverse.
front-open = Everybody may join.
front-approval = Everybody may ask to join; somebody here reads every request.
front-invite = Those who have an invitation may join.
front-closed = Nobody can join at the moment. You can read along and follow people here from any other server.
front-hello = You are logged in as { $name }. Read and write with the app you like.
front-people = { $count ->
        [one] person
       *[other] people
    }
front-posts = { $count ->
        [one] post
       *[other] posts
    }
front-servers = { $count ->
        [one] server known
       *[other] servers known
    }
front-latest = Latest from here
front-all = All posts from here
front-empty = Nobody has said anything in public yet. The first word is yours.
front-how = How to take part
front-step-join = Create an account
front-step-join-text = A name, an e-mail address, a password. No telephone number, no advertising.
front-step-app = Choose an app
front-step-app-text = Every app made for Mastodon works here:
front-step-server = Give it this server’s name
apps-label = Apps
apps-web = web

# About and privacy.
about-title = About { $name }
about-rules-none = This server has no rules of its own.
about-contact = Contact
about-contact-text = Whoever runs this server can be reached at { $name }.
about-registrations = Joining
about-software = Software
about-software-text = This server runs Majlis, free software under the AGPL, and speaks ActivityPub: people on Mastodon, GoToSocial, Misskey, Pixelfed, PeerTube and many others can follow people here, and be followed.
terms-title = Terms of service
terms-effective = In force from { $date }.
terms-next = There are new terms from { $date } on
privacy-title = Privacy
privacy-kept = What this server keeps
privacy-kept-account = Your account: the name, e-mail address and password you gave. The password is stored in a form from which it cannot be read.
privacy-kept-posts = What you write and upload, whom you follow, what you like and boost, until you delete it.
privacy-kept-access = Which apps you let in, and when they were last used.
privacy-kept-newsletters = E-mail addresses of those who get somebody’s public posts by letter, until they unsubscribe. The authors see how many there are, not which.
privacy-kept-none = It does not count your steps: there is no advertising, no tracking, and no file of any other company on these pages.
privacy-seen = Who sees what
privacy-seen-public = Public and unlisted posts are open to everybody, also on other servers and to those who are not logged in.
privacy-seen-followers = Posts for followers go to your followers and the people you mention, and to their servers.
privacy-seen-direct = Posts for mentioned people go to those and to their servers. They are not encrypted: whoever runs one of these servers could read them.
privacy-federation = Other servers
privacy-federation-text = What you send to other servers is kept there under their rules. When you delete a post, this server asks every server that has it to delete it too.
privacy-cookies = Cookies
privacy-cookies-text = One keeps you logged in, one protects forms, one remembers your language. There are no others.
