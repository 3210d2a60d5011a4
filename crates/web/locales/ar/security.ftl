# كيف يدخل صاحب الحساب.
security-title = تسجيل الدخول
settings-security = رموز المصادقة ومفاتيح المرور
settings-back = عودة إلى الإعدادات
codes-heading = رموز تطبيق المصادقة
codes-about = من يدخل بكلمة مرورك يُسأل حينها أيضًا عن رمز يعرضه تطبيق على هاتفك.
codes-on = { $count ->
        [zero] تُطلب الرموز، ولم يبق أي رمز استرداد.
        [one] تُطلب الرموز، وبقي رمز استرداد واحد.
        [two] تُطلب الرموز، وبقي رمزا استرداد.
        [few] تُطلب الرموز، وبقيت { $number } رموز استرداد.
        [many] تُطلب الرموز، وبقي { $number } رمز استرداد.
       *[other] تُطلب الرموز، وبقي { $number } رمز استرداد.
    }
codes-set-up = إعداد
codes-title = تطبيق مصادقة
codes-scan = دع التطبيق يقرأ هذه الصورة، ثم اكتب الرمز الذي يعرضه.
codes-no-camera = لا يقرأ الصور
codes-switch-on = اطلب الرموز من الآن
codes-off-button = لا تطلب الرموز بعد الآن
codes-switched-off = لم تعد الرموز تُطلب.
code = الرمز
code-title = برهان آخر
code-text = اكتب الرمز الذي يعرضه تطبيق المصادقة الآن، أو أحد رموز الاسترداد.
code-wrong = هذا الرمز خطأ أو استُخدم من قبل.
code-over = كثرت المحاولات. سجّل الدخول من جديد.
recovery-title = رموز الاسترداد
recovery-text = احفظها حيث تجدها من غير هاتفك. كل منها يُدخلك مرة واحدة إن فُقد التطبيق. ولن تُعرض إلا هذه المرة.
recovery-kept = حفظتها
recovery-renew = رموز استرداد جديدة
passkeys-heading = مفاتيح المرور
passkeys-about = يُدخلك مفتاح المرور ببصمتك أو وجهك أو رمز جهازك، بلا كلمة مرور.
passkeys-script = تحتاج مفاتيح المرور إلى برامج نصية لا يشغّلها متصفحك هنا.
passkey-add = أضف مفتاح مرور
passkey-name = اسمه
passkey-name-hint = اسم الجهاز مثلًا.
passkey-remove = إزالة
passkey-added = أُضيف مفتاح المرور.
passkey-removed = أُزيل مفتاح المرور.
passkey-log-in = الدخول بمفتاح مرور
passkey-failed = لم ينجح ذلك. أعد المحاولة من فضلك.
passkey-unknown = مفتاح المرور هذا غير معروف هنا.
passkey-refused = هو معروف من قبل، أو كثرت المفاتيح، أو اسمه ناقص أو أطول من اللازم.

# أين سُجّل الدخول.
sessions-heading = المتصفحات
sessions-about = حسابك مفتوح هنا. أنهِ ما لا تعرفه.
sessions-this = هذا المتصفح
sessions-end = إنهاء
sessions-ended = انتهى الدخول.
sessions-end-others = سجّل الخروج من كل مكان آخر، ومن التطبيقات
sessions-others-ended = أنت داخل من هنا وحده الآن.
sessions-unknown = متصفح مجهول
sessions-on = { $browser } على { $system }
