# Logging in.
log-in-title = Log in
log-in-name = E-mail address or user name
log-in-password = Password
log-in-wrong = That name and password do not belong together.
log-in-pending = Your request to join has not been answered yet. Please come back later.
log-in-disabled = This account is switched off.
log-in-new = New here?
log-in-forgot = Forgotten your password?
form-stale = This page had been open for too long. Please try again.

# Signing up.
sign-up-title = Create an account
sign-up-on = on { $name }
sign-up-username = User name
sign-up-username-hint = Letters, digits and underscores. It cannot be changed later.
sign-up-email = E-mail address
sign-up-email-hint = Nobody else sees it.
sign-up-password = Password
sign-up-password-hint = At least 8 characters. A few words are better than one.
sign-up-reason = Why would you like to join?
sign-up-reason-hint = Whoever runs this server reads it, nobody else.
sign-up-invite = Invitation code
sign-up-agree = I agree to the rules
sign-up-agree-hint = { $name } and what is said there about privacy.
sign-up-agree-link = The rules of this server
sign-up-button = Create account
sign-up-ask = Ask to join
sign-up-have = Already have an account?
sign-up-closed = Sign-up is closed
sign-up-closed-text = Nobody can join this server at the moment. You can follow people here from any other server.
sign-up-asked = Your request was sent
sign-up-asked-text = Somebody here will read it. Once it is accepted you can log in with the password you chose.
sign-up-welcome = Welcome!
sign-up-welcome-text = Your address here is { $name }. Choose an app to read and write with, and give it the name of this server.

# Confirming an e-mail address.
confirm-sent = One more step
confirm-sent-text = A letter is on its way to { $name }. Follow the link in it, and the account is yours.
confirm-title = Is this your address?
confirm-text = { $address } is to be the e-mail address of { $handle }.
confirm-button = Yes, it is mine
confirm-done = Your address is confirmed
confirm-done-text = Thank you. You can log in now, here or in your app.
confirm-gone = This link is no longer good
confirm-gone-text = It was used already, or it is too old. You can be sent another one.
confirm-again = Send another letter
confirm-again-title = The letter has not come?
confirm-again-text = Give the address that you have signed up with. Please look among the unwanted mail too.
confirm-again-sent = If an account with this address waits for its confirmation, a letter is on its way.
confirm-missing = Your address is not confirmed yet
confirm-missing-text = A letter with a link was sent to this address. If it is wrong, change it; another letter is sent in any case.

# A forgotten password.
forgot-title = Forgotten your password?
forgot-text = Give the e-mail address of your account. You get a letter with a link to choose another password.
forgot-button = Send the letter
forgot-sent = Look into your mail
forgot-sent-text = If there is an account with this address, a letter is on its way.
forgot-choose = Choose another password
forgot-choose-text = All apps and browsers are logged out then.
forgot-done = Your password was changed
forgot-done-text = You can log in with it now.

# What is wrong with a field. A field’s own words stand before those for the kind of mistake.
problem-blank = Please fill this in.
problem-invalid = This does not look right.
problem-too-long = This is too long.
problem-too-short = This is too short.
problem-taken = Somebody has this already.
problem-reserved = This is reserved.
problem-accepted = Please agree.
problem-blocked = This cannot be used here.
problem-inclusion = This cannot be chosen.
problem-username-invalid = Only the letters a to z, digits and underscores.
problem-username-taken = Somebody has this name already.
problem-username-reserved = This name is reserved.
problem-username-too-long = At most 30 characters.
problem-email-invalid = This is no e-mail address.
problem-email-taken = There is an account with this address already.
problem-password-too-short = At least 8 characters.
problem-password-too-long = At most 128 characters.
problem-agreement-accepted = Please agree to the rules.
problem-invite-code-invalid = This invitation is unknown or used up.
problems-some = Please look at the marked fields again.
