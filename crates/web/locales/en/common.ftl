# What stands on every page.
skip-to-content = Skip to content
nav-label = Main
nav-about = About
nav-privacy = Privacy
nav-settings = Settings
nav-languages = Languages
log-in = Log in
log-out = Log out
sign-up = Sign up
sign-up-long = Create an account
copy = Copy
copied = Copied
rules = Rules

# Days. The month names stand inside a date.
date-month-1 = January
date-month-2 = February
date-month-3 = March
date-month-4 = April
date-month-5 = May
date-month-6 = June
date-month-7 = July
date-month-8 = August
date-month-9 = September
date-month-10 = October
date-month-11 = November
date-month-12 = December
date-moment = { $date }, { $time } UTC

# Pages of a list.
pages-label = Pages
pages-newer = Newer posts
pages-older = Older posts
feed-empty = Nothing here yet.
feed-local = Posts from here
