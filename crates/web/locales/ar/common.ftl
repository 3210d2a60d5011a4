# ما يظهر في كل صفحة.
skip-to-content = انتقل إلى المحتوى
nav-label = القائمة الرئيسية
nav-about = عن الخادم
nav-privacy = الخصوصية
nav-settings = الإعدادات
nav-languages = اللغات
log-in = تسجيل الدخول
log-out = تسجيل الخروج
sign-up = انضم إلينا
sign-up-long = أنشئ حسابًا
copy = انسخ
copied = نُسخ
rules = القواعد

# الأيام. أسماء الأشهر تقع داخل التاريخ.
date-month-1 = يناير
date-month-2 = فبراير
date-month-3 = مارس
date-month-4 = أبريل
date-month-5 = مايو
date-month-6 = يونيو
date-month-7 = يوليو
date-month-8 = أغسطس
date-month-9 = سبتمبر
date-month-10 = أكتوبر
date-month-11 = نوفمبر
date-month-12 = ديسمبر
date-moment = { $date }، { $time } بالتوقيت العالمي

# صفحات القوائم.
pages-label = الصفحات
pages-newer = منشورات أحدث
pages-older = منشورات أقدم
feed-empty = لا شيء هنا بعد.
feed-local = منشورات من هنا
