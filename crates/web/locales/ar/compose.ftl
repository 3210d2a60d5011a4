# الكتابة في صفحة.
compose-title = اكتب منشورًا
compose-answer = أجب
compose-text = منشورك
compose-limit = { $count ->
        [zero] لا أحرف.
        [one] حرف واحد على الأكثر.
        [two] حرفان على الأكثر.
        [few] { $number } أحرف على الأكثر.
        [many] { $number } حرفًا على الأكثر.
       *[other] { $number } حرف على الأكثر.
    }
compose-warning = تحذير عن المحتوى
compose-warning-hint = يُخفى المنشور خلف هذه الكلمات. يمكن تركه فارغًا.
compose-audience = لمن يُقرأ
compose-public = للجميع
compose-unlisted = للجميع، دون ظهوره في الخطوط العامة
compose-private = لمتابعيك وحدهم
compose-direct = لمن ذُكر فيه وحدهم
compose-button = انشر

# لقاء أحد أو شيء من خادم آخر.
interact-title = منشور
interact-follow = متابعة
interact-unfollow = إلغاء المتابعة
interact-withdraw = سحب الطلب
interact-following = أنت تتابع هذا الحساب.
interact-requested = طلبت متابعة هذا الحساب.
interact-follows-you = يتابعك
interact-you = هذا أنت.
interact-reply = أجب
interact-like = إعجاب
interact-unlike = إلغاء الإعجاب
interact-boost = إعادة نشر
interact-unboost = إلغاء إعادة النشر
interact-keep = حفظ
interact-let-go = إزالة من المحفوظات
interact-refused = لا يمكن ذلك مع هذا الحساب أو المنشور.
