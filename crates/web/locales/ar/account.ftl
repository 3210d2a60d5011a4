# تسجيل الدخول.
log-in-title = تسجيل الدخول
log-in-name = البريد الإلكتروني أو اسم المستخدم
log-in-password = كلمة المرور
log-in-wrong = هذا الاسم وكلمة المرور لا يتطابقان.
log-in-unconfirmed = لم يُؤكَّد بريدك الإلكتروني بعد.
log-in-pending = لم يُبَتّ في طلب انضمامك بعد. عُد لاحقًا من فضلك.
log-in-disabled = هذا الحساب موقوف.
log-in-new = جديد هنا؟
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
