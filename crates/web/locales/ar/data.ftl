# ما يحمله الناس معهم.
settings-data = التصدير والاستيراد
data-title = التصدير والاستيراد
data-export = التصدير
data-export-text = ملفات تقرؤها الخوادم الأخرى من هذا النوع أيضًا.
data-download = تنزيل
data-following = حسابات تتابعها
data-followers = متابعوك
data-blocks = حسابات تحجبها
data-mutes = حسابات تكتمها
data-domains = خوادم تحجبها
data-lists = القوائم
data-bookmarks = المحفوظات
data-import = الاستيراد
data-import-text = ملفات صدّرتها من مكان آخر. يُبحث عمن لا يُعرف هنا، وذلك يستغرق وقتًا.
data-what = ما في الملف
data-file = الملف
data-mode = ما هو موجود هنا
data-merge = يبقى
data-overwrite = يزول ما لم يذكره الملف (عدا القوائم)
data-import-button = استورد
data-imports = عمليات الاستيراد
data-progress = { $done } من { $total }، منها { $failed } لم تنجح
data-finished = انتهى
data-running = جارٍ
data-begun = بدأ الاستيراد.
data-too-large = الملف أكبر من اللازم.
data-unreadable = لا يُقرأ شيء في هذا الملف على أنه ما اخترت.
data-busy = ما زالت لك عمليات استيراد أخرى جارية.

# كل ما قاله المرء هنا في ملف واحد.
archive-title = أرشيفك
archive-text = ملف ZIP واحد فيه منشوراتك كلها أيًّا كان من كُتبت له، وصورك ومقاطع الفيديو، وملفك الشخصي، وإعجاباتك ومحفوظاتك. وهو مرتَّب ترتيب أرشيف ماستودون، فتقرؤه برامج أخرى.
archive-ask = اطلب أرشيفك
archive-begun = يُعَدّ أرشيفك الآن، وستصلك رسالة حين يجهز.
archive-under-way = يُعَدّ أرشيفك الآن، وستصلك رسالة حين يجهز.
archive-too-soon = لقد طلبت أرشيفك في الأيام الأخيرة.
archive-ready = أرشيفك جاهز
archive-size = { $size } ميغابايت
archive-kept = لا ينزّله أحد غيرك، وهو متاح حتى { $name }.
archive-next = يمكنك طلب أرشيف آخر ابتداءً من { $name }.

# بريد إلكتروني آخر.
email-title = بريد إلكتروني آخر
email-text = تُرسل رسالة إلى البريد الجديد، ويبقى الحالي حتى تتبع الرابط الذي فيها.
email-new = البريد الإلكتروني الجديد
email-button = أرسل الرسالة
email-change = تغيير
email-sent = أُرسلت رسالة إلى { $name }. اتبع الرابط الذي فيها.

# حذف الحساب.
delete-title = احذف حسابك
delete-text = تُحذف منشوراتك وصورك ومتابعوك وكل شيء آخر هنا، ويُطلب من الخوادم الأخرى أن تفعل مثل ذلك. ولا رجعة في هذا.
delete-name = يبقى اسمك محجوزًا، فلا يعود أحد باسمك.
delete-button = احذف كل شيء إلى الأبد
delete-done = حُذف حسابك
delete-done-text = قد يمضي وقت حتى تسمع بذلك كل الخوادم الأخرى.
