# المنشورات العامة بالبريد الإلكتروني لمن لا حساب له.
newsletter-title = { $name } بالبريد الإلكتروني
newsletter-label = تلقَّ هذه المنشورات بالبريد الإلكتروني
newsletter-hint = المنشورات العامة الجديدة بلا حساب. وفي كل رسالة رابط لإيقافها.
newsletter-email = البريد الإلكتروني
newsletter-button = اشتراك
newsletter-back = عودة إلى الصفحة
newsletter-sent-text = إن لم تكن هذه المنشورات تصل إلى { $name } من قبل، فرسالة في طريقها إليه. اتبع الرابط الذي فيها، ولن يُرسل شيء آخر قبل ذلك.
newsletter-confirm = أتود تلقي هذه الرسائل؟
newsletter-confirm-text = ستُرسل منشورات { $handle } العامة الجديدة إلى { $address }.
newsletter-confirm-button = نعم، أرسلوها
newsletter-confirmed = تم اشتراكك
newsletter-confirmed-text = من الآن تصلك المنشورات العامة الجديدة بالبريد الإلكتروني. وفي كل رسالة رابط لإيقافها.
newsletter-gone-text = مضى عليه وقت طويل، أو لم يعد هذا البريد مشتركًا. يمكنك الاشتراك من جديد من صفحة صاحب المنشورات.
newsletter-leave = أتود إيقاف الرسائل؟
newsletter-leave-text = لن يُرسل بعدها شيء مما ينشره { $handle } إلى { $address }، وسيُنسى هذا البريد.
newsletter-leave-button = إلغاء الاشتراك
newsletter-left = أُلغي اشتراكك
newsletter-left-text = لن تصلك هذه الرسائل بعد الآن، وقد نُسي بريدك.
settings-newsletter = النشرة البريدية
settings-newsletter-text = يستطيع من لا حساب له أن يتلقى منشوراتك العامة الجديدة بالبريد الإلكتروني، ويجد الزوار نموذج الاشتراك في صفحتك. ما أُرسل لا يُستعاد، ولذلك لا تُرسل المنشورات التي تُحذف من تلقاء نفسها.
settings-newsletter-on = السماح للزوار بالاشتراك بالبريد الإلكتروني
settings-newsletter-readers = { $count ->
        [zero] لم يشترك أحد بعد.
        [one] اشترك عنوان واحد.
        [two] اشترك عنوانان.
        [few] اشتركت { $number } عناوين.
        [many] اشترك { $number } عنوانًا.
       *[other] اشترك { $number } عنوان.
    }
settings-newsletter-save = حفظ
settings-newsletter-saved = تغيّرت نشرتك البريدية.
