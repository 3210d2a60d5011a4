# صفحة شخص.
profile-title = { $name } ({ $handle })
profile-posts = { $count ->
        [zero] منشور
        [one] منشور
        [two] منشوران
        [few] منشورات
        [many] منشورًا
       *[other] منشور
    }
profile-following = { $count ->
        [zero] يتابعهم
        [one] يتابعه
        [two] يتابعهما
        [few] يتابعهم
        [many] يتابعهم
       *[other] يتابعهم
    }
profile-followers = { $count ->
        [zero] متابع
        [one] متابع
        [two] متابعان
        [few] متابعين
        [many] متابعًا
       *[other] متابع
    }
profile-posts-count = { $count ->
        [zero] لا منشورات
        [one] منشور واحد
        [two] منشوران
        [few] { $number } منشورات
        [many] { $number } منشورًا
       *[other] { $number } منشور
    }
profile-followers-count = { $count ->
        [zero] لا متابعين
        [one] متابع واحد
        [two] متابعان
        [few] { $number } متابعين
        [many] { $number } متابعًا
       *[other] { $number } متابع
    }
profile-tab-posts = المنشورات
profile-tab-replies = المنشورات والردود
profile-tab-media = الوسائط
profile-posts-label = المنشورات
profile-empty = لا شيء هنا بعد.
profile-bot = آلي
profile-group = مجموعة
profile-locked = المتابعة بموافقة
profile-memorial = للذكرى
profile-moved = انتقل هذا الحساب إلى { $name }.
profile-verified = تحققنا منه في { $date }
profile-since = هنا منذ { $name }.
profile-follow = للمتابعة ابحث عن { $name } في تطبيقك.
collection-by = يوصي بهم { $name }
collection-empty = لا أحد هنا بعد.
