# Public posts by e-mail, for those without an account.
newsletter-title = { $name } by e-mail
newsletter-label = Get these posts by e-mail
newsletter-hint = New public posts, without an account. Every letter has a link that ends them.
newsletter-email = E-mail address
newsletter-button = Subscribe
newsletter-back = Back to the profile
newsletter-sent-text = If { $name } does not get these posts already, a letter is on its way there. Follow the link in it: until then nothing else is sent.
newsletter-confirm = Would you like these letters?
newsletter-confirm-text = New public posts of { $handle } are to be sent to { $address }.
newsletter-confirm-button = Yes, send them
newsletter-confirmed = You are subscribed
newsletter-confirmed-text = From now on new public posts come to you by e-mail. Every letter has a link that ends them.
newsletter-gone-text = It is too old, or the address is not subscribed any more. You can subscribe anew on the person’s page.
newsletter-leave = No more letters?
newsletter-leave-text = Nothing that { $handle } posts is sent to { $address } any more, and the address is forgotten.
newsletter-leave-button = Unsubscribe
newsletter-left = You are unsubscribed
newsletter-left-text = No more of these letters are sent to you, and your address was forgotten.
settings-newsletter = Newsletter
settings-newsletter-text = People without an account can have your new public posts sent to them by e-mail. Visitors find the form on your page. What was sent cannot be called back: posts that delete themselves are not sent.
settings-newsletter-on = Let visitors subscribe by e-mail
settings-newsletter-readers = { $count ->
        [0] Nobody has subscribed yet.
        [one] { $number } address is subscribed.
       *[other] { $number } addresses are subscribed.
    }
settings-newsletter-save = Save
settings-newsletter-saved = Your newsletter was changed.
