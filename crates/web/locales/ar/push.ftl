# عناوين الإشعارات الفورية.
push-mention = ذكرك { $name }
push-status = نشر { $name } منشورًا جديدًا
push-boost = أعاد { $name } نشر منشورك
push-follow = يتابعك { $name } الآن
push-follow-request = يطلب { $name } متابعتك
push-like = أُعجب { $name } بمنشورك
push-poll = انتهى استطلاع { $name }
push-update = عدّل { $name } منشورًا أعدت نشره
push-added-to-collection = أضافك { $name } إلى مجموعة
push-collection-update = عدّل { $name } مجموعة أنت فيها
push-poll-own = انتهى استطلاعك
push-severed = فقدتَ متابعات
push-sign-up = انضم { $name }
push-report = قدّم { $name } بلاغًا
push-quote = اقتبس { $name } منشورك
push-quoted-update = عدّل { $name } منشورًا اقتبستَه
push-reaction = تفاعل { $name } مع منشورك
