# ما الذي حدث، وجملة عنه.
error-home = إلى الصفحة الأولى
error-not-found = لا شيء هنا
error-not-found-text = الصفحة غير موجودة، أو ليست للجميع.
error-gone = لم يعد هنا
error-gone-text = كان هنا يومًا ثم حُذف.
error-suspended-text = هذا الحساب موقوف.
error-forged = هذا النموذج قديم
error-forged-text = ارجع من فضلك وأعد تحميل الصفحة ثم أرسلها مرة أخرى. يلزم السماح بملفات تعريف الارتباط.
error-bad = لم ينجح هذا
error-bad-text = تعذرت قراءة ما أُرسل.
error-bad-form = تعذرت قراءة النموذج.
error-busy = زحام شديد
error-busy-text = أعد المحاولة بعد قليل من فضلك.
error-internal = تعطل شيء هنا
error-internal-text = ليس الخطأ منك. أعد المحاولة لاحقًا من فضلك.
