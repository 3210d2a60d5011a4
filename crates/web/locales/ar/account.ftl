# تسجيل الدخول.
log-in-title = تسجيل الدخول
log-in-name = البريد الإلكتروني أو اسم المستخدم
log-in-password = كلمة المرور
log-in-wrong = هذا الاسم وكلمة المرور لا يتطابقان.
log-in-pending = لم يُبَتّ في طلب انضمامك بعد. عُد لاحقًا من فضلك.
log-in-disabled = هذا الحساب موقوف.
log-in-new = جديد هنا؟
log-in-forgot = نسيت كلمة المرور؟
form-stale = بقيت هذه الصفحة مفتوحة وقتًا طويلًا. أعد المحاولة من فضلك.

# إنشاء حساب.
sign-up-title = أنشئ حسابًا
sign-up-on = على { $name }
sign-up-username = اسم المستخدم
sign-up-username-hint = حروف لاتينية وأرقام وشرطات سفلية. لا يمكن تغييره لاحقًا.
sign-up-email = البريد الإلكتروني
sign-up-email-hint = لا يراه أحد غيرك.
sign-up-password = كلمة المرور
sign-up-password-hint = ثمانية أحرف على الأقل. بضع كلمات خير من كلمة واحدة.
sign-up-reason = لماذا تود الانضمام؟
sign-up-reason-hint = يقرؤه القائمون على هذا الخادم وحدهم.
sign-up-invite = رمز الدعوة
sign-up-agree = أوافق على القواعد
sign-up-agree-hint = { $name } وما جاء فيها عن الخصوصية.
sign-up-agree-link = قواعد هذا الخادم
sign-up-button = أنشئ الحساب
sign-up-ask = اطلب الانضمام
sign-up-have = لديك حساب؟
sign-up-closed = الانضمام مغلق
sign-up-closed-text = لا يمكن الانضمام إلى هذا الخادم حاليًا. يمكنك متابعة الناس هنا من أي خادم آخر.
sign-up-asked = أُرسل طلبك
sign-up-asked-text = سيقرؤه أحد القائمين على الخادم. ومتى قُبل أمكنك الدخول بكلمة المرور التي اخترتها.
sign-up-welcome = أهلًا وسهلًا!
sign-up-welcome-text = عنوانك هنا { $name }. اختر تطبيقًا تقرأ وتكتب به، وأعطه اسم هذا الخادم.

# تأكيد البريد الإلكتروني.
confirm-sent = بقيت خطوة
confirm-sent-text = أُرسلت رسالة إلى { $name }. اتبع الرابط الذي فيها يصر الحساب لك.
confirm-title = هل هذا بريدك؟
confirm-text = سيكون { $address } بريد { $handle }.
confirm-button = نعم، هو بريدي
confirm-done = تأكد بريدك
confirm-done-text = شكرًا لك. يمكنك الدخول الآن من هنا أو من تطبيقك.
confirm-gone = لم يعد هذا الرابط صالحًا
confirm-gone-text = استُخدم من قبل أو مضى وقته. يمكن أن تُرسل إليك رسالة أخرى.
confirm-again = أرسل رسالة أخرى
confirm-again-title = ألم تصل الرسالة؟
confirm-again-text = اكتب البريد الذي أنشأت به الحساب. وابحث في البريد غير المرغوب فيه أيضًا.
confirm-again-sent = إن كان حساب بهذا البريد ينتظر التأكيد فالرسالة في الطريق.
confirm-missing = لم يُؤكَّد بريدك بعد
confirm-missing-text = أُرسلت رسالة فيها رابط إلى هذا البريد. إن كان خطأً فصحّحه، وستُرسل رسالة أخرى في كل حال.

# كلمة مرور منسية.
forgot-title = نسيت كلمة المرور؟
forgot-text = اكتب بريد حسابك تصلك رسالة فيها رابط لاختيار كلمة مرور أخرى.
forgot-button = أرسل الرسالة
forgot-sent = انظر في بريدك
forgot-sent-text = إن كان ثمة حساب بهذا البريد فالرسالة في الطريق.
forgot-choose = اختر كلمة مرور أخرى
forgot-choose-text = سيُسجَّل خروج كل التطبيقات والمتصفحات.
forgot-done = تغيّرت كلمة المرور
forgot-done-text = يمكنك الدخول بها الآن.

# ما الخطأ في حقل ما.
problem-blank = املأ هذا الحقل من فضلك.
problem-invalid = هذا لا يبدو صحيحًا.
problem-too-long = هذا أطول من اللازم.
problem-too-short = هذا أقصر من اللازم.
problem-taken = هذا مستخدَم من قبل.
problem-reserved = هذا محجوز.
problem-accepted = تلزم الموافقة.
problem-blocked = لا يمكن استخدام هذا هنا.
problem-inclusion = لا يمكن اختيار هذا.
problem-username-invalid = الحروف اللاتينية والأرقام والشرطات السفلية فقط.
problem-username-taken = هذا الاسم مستخدَم من قبل.
problem-username-reserved = هذا الاسم محجوز.
problem-username-too-long = ثلاثون حرفًا على الأكثر.
problem-email-invalid = هذا ليس بريدًا إلكترونيًا.
problem-email-taken = يوجد حساب بهذا البريد.
problem-password-too-short = ثمانية أحرف على الأقل.
problem-password-too-long = 128 حرفًا على الأكثر.
problem-agreement-accepted = تلزم الموافقة على القواعد.
problem-invite-code-invalid = هذه الدعوة مجهولة أو استُنفدت.
problems-some = راجع الحقول المعلَّمة من فضلك.
