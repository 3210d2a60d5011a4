# منشور.
post-title = { $name }: { $text }
post-heading = منشور { $name }
post-boosted-by = إعادة نشر من { $name }
post-pinned = مثبَّت
post-answers = ردًّا على { $name }
post-edited = معدَّل
post-edited-at = عُدّل في { $name }
post-by-app = عبر { $name }
post-show = أظهر
post-hide = أخفِ
post-sensitive = صور حساسة
post-alt = وصف الصورة
post-file = افتح الملف
post-replies = { $count ->
        [zero] لا ردود
        [one] رد واحد
        [two] ردّان
        [few] { $number } ردود
        [many] { $number } ردًّا
       *[other] { $number } رد
    }
post-boosts = { $count ->
        [zero] لم يُعَد نشره
        [one] أعيد نشره مرة
        [two] أعيد نشره مرتين
        [few] أعيد نشره { $number } مرات
        [many] أعيد نشره { $number } مرة
       *[other] أعيد نشره { $number } مرة
    }
post-likes = { $count ->
        [zero] لا إعجابات
        [one] إعجاب واحد
        [two] إعجابان
        [few] { $number } إعجابات
        [many] { $number } إعجابًا
       *[other] { $number } إعجاب
    }
post-replies-label = الردود
post-join = للرد ابحث عن { $name } في تطبيقك.
post-attachments = { $count ->
        [zero] لا مرفقات
        [one] مرفق واحد
        [two] مرفقان
        [few] { $number } مرفقات
        [many] { $number } مرفقًا
       *[other] { $number } مرفق
    }
quote-pending = لم يوافق كاتب المنشور المقتبَس بعد.
quote-rejected = لم يوافق كاتب المنشور المقتبَس على اقتباسه.
quote-revoked = لم يعد كاتب المنشور المقتبَس يوافق على اقتباسه هنا.
quote-deleted = حُذف المنشور المقتبَس.
quote-hidden = المنشور المقتبَس ليس متاحًا للجميع.
quote-media = مع مرفقات
poll-voters = { $count ->
        [zero] لم يصوّت أحد
        [one] صوّت شخص واحد
        [two] صوّت شخصان
        [few] صوّت { $number } أشخاص
        [many] صوّت { $number } شخصًا
       *[other] صوّت { $number } شخص
    }
poll-over = انتهى التصويت
poll-open = التصويت مفتوح
poll-ends = ينتهي في { $name }
away-picture = صورة على { $name }
away-film = فيديو على { $name }
away-sound = صوت على { $name }
away-file = ملف على { $name }

# صفحة وسم.
hashtag-title = #{ $name }
hashtag-description = منشورات عن #{ $name }
feed-of = منشورات { $name }
feed-of-tag = منشورات { $name } عن #{ $tag }
