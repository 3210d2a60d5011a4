# How somebody logs in.
security-title = Logging in
settings-security = Authenticator codes and passkeys
settings-back = Back to the settings
codes-heading = Codes of an authenticator app
codes-about = Whoever logs in with your password is then asked for a code too, which an app on your phone shows.
codes-on = { $count ->
        [one] Codes are asked for. { $number } recovery code is left.
       *[other] Codes are asked for. { $number } recovery codes are left.
    }
codes-set-up = Set up
codes-title = An authenticator app
codes-scan = Let the app read this picture, and type the code that it shows then.
codes-no-camera = It cannot read pictures
codes-switch-on = Ask for codes from now on
codes-off-button = Ask for codes no longer
codes-switched-off = Codes are no longer asked for.
code = Code
code-title = One more proof
code-text = Type the code that your authenticator app shows now, or one of your recovery codes.
code-wrong = This code is wrong, or was used already.
code-over = That was too often. Please log in again.
recovery-title = Your recovery codes
recovery-text = Keep these where you find them without your phone. Each lets you in once when the app is lost. They are shown this once.
recovery-kept = I have kept them
recovery-renew = New recovery codes
passkeys-heading = Passkeys
passkeys-about = A passkey logs you in with your finger, your face or the code of your device, without a password.
passkeys-script = Passkeys need scripts, which your browser does not run here.
passkey-add = Add a passkey
passkey-name = What to call it
passkey-name-hint = The device, for example.
passkey-remove = Remove
passkey-added = The passkey was added.
passkey-removed = The passkey was removed.
passkey-log-in = Log in with a passkey
passkey-failed = That did not work. Please try again.
passkey-unknown = This passkey is not known here.
passkey-refused = It is known already, there are too many, or its name is missing or too long.

# Where somebody is logged in.
sessions-heading = Browsers
sessions-about = Your account is logged in here. End whatever you do not know.
sessions-this = This browser
sessions-end = End
sessions-ended = The log-in was ended.
sessions-end-others = Log out everywhere else, apps too
sessions-others-ended = You are logged in here only now.
sessions-unknown = An unknown browser
sessions-on = { $browser } on { $system }
