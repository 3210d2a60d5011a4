# What went wrong, and a sentence about it.
error-home = To the front page
error-not-found = There is nothing here
error-not-found-text = The page does not exist, or it is not for everybody.
error-gone = This is gone
error-gone-text = It was here once, and has been deleted.
error-suspended-text = This account is suspended.
error-forged = This form is too old
error-forged-text = Please go back, load the page again and send it once more. Cookies must be allowed.
error-bad = That did not work
error-bad-text = What was sent could not be read.
error-bad-form = The form could not be read.
error-busy = Too many at once
error-busy-text = Please try again in a moment.
error-internal = Something broke here
error-internal-text = It is not your fault. Please try again later.
