//! `POST /api/v1/statuses/{id}/translate`.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::attachments::{self, Attachment};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::polls::{self, Poll};
use majlis_local::posts::{self, Parts, Post};
use majlis_local::text::translation::{incoming_html, incoming_text, outgoing_html, outgoing_text};
use majlis_local::{Connection, users};
use serde::Deserialize;

use crate::auth::{Client, need};
use crate::entities::translation::{TranslatedAttachment, TranslatedOption, TranslatedPoll, Translation};
use crate::error::{Error, Result};
use crate::params::Params;
use crate::state::Api;
use crate::translation::{Translated, UNKNOWN};

/// Into which language.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    lang: Option<String>,
}

/// A status's texts.
struct Texts {
    post: Post,
    poll: Option<Poll>,
    described: Vec<Attachment>,
    /// The language of whoever asks.
    locale: String,
}

/// `POST /api/v1/statuses/{id}/translate`: of public and unlisted statuses, into `lang` or the person's own language. 404
/// when no translator is configured, 403 when it does not know the pair of languages, as Mastodon answers.
pub async fn translate(
    api: Api,
    client: Client<need::ReadStatuses>,
    id: Path<PostId>,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Arc<Translation>>> {
    let (viewer, id) = (client.person.map(|person| person.actor), id.into_inner());
    let texts = api.db.read(move |c| Texts::load(c, viewer, id)).await?;
    if !api.translator.is_on() {
        return Err(Error::NotFound);
    }
    let not_allowed = || Error::forbidden("This action is not allowed");
    if !texts.post.is_open() {
        return Err(not_allowed());
    }
    let languages = api.translator.languages().await?;
    let source = texts.post.language.as_deref().unwrap_or(UNKNOWN).to_owned();
    let asked = wanted.lang.filter(|lang| !lang.trim().is_empty()).unwrap_or_else(|| texts.locale.clone());
    let asked = asked.trim().replace('_', "-");
    let targets = languages.get(&source).ok_or_else(not_allowed)?;
    let primary = asked.split('-').next().unwrap_or_default();
    let known = |wanted: &str| targets.iter().find(|target| target.eq_ignore_ascii_case(wanted));
    let target = known(&asked).or_else(|| known(primary)).ok_or_else(not_allowed)?.clone();

    let version = (texts.post.id, texts.post.edited_at, target.clone());
    if let Some(kept) = api.translator.kept(&version).await {
        return Ok(Json(kept));
    }
    let translated = api.translator.translate(&texts.outgoing(), &source, &target).await?;
    let translation = Arc::new(texts.incoming(translated, target));
    api.translator.keep(version, translation.clone()).await;
    Ok(Json(translation))
}

impl Texts {
    fn load(c: &mut Connection, viewer: Option<ActorId>, id: PostId) -> majlis_local::Result<Self> {
        let asked = posts::get_visible(c, viewer, id)?;
        let post = match asked.boost_of_id {
            Some(original) => posts::get_visible(c, viewer, original)?,
            None => asked,
        };
        let poll = if post.parts.has(Parts::POLL) { polls::of_post(c, post.id)? } else { None };
        let media = if post.parts.has(Parts::MEDIA) { attachments::of_posts(c, &[post.id])? } else { Vec::new() };
        let described = media.into_iter().filter(|attachment| !attachment.description.is_empty()).collect();
        let locale = match viewer {
            Some(viewer) => users::get(c, viewer)?.locale,
            None => "en".to_owned(),
        };
        Ok(Self { post, poll, described, locale })
    }

    /// The warning, the text, the options, the descriptions: what is empty is not asked.
    fn outgoing(&self) -> Vec<String> {
        let mut texts = Vec::new();
        if !self.post.summary.is_empty() {
            texts.push(outgoing_text(&self.post.summary));
        }
        if !self.post.content.is_empty() {
            texts.push(outgoing_html(&self.post.content));
        }
        let options = self.poll.iter().flat_map(|poll| poll.options.iter()).map(|option| option.title.as_str());
        let descriptions = self.described.iter().map(|attachment| attachment.description.as_str());
        texts.extend(options.chain(descriptions).map(outgoing_text));
        texts
    }

    /// The answer to [`Texts::outgoing`], in the same order.
    fn incoming(&self, translated: Translated, language: String) -> Translation {
        let mut texts = translated.texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        let spoiler_text = if self.post.summary.is_empty() { String::new() } else { incoming_text(&next()) };
        let content = if self.post.content.is_empty() { String::new() } else { incoming_html(&next()) };
        let poll = self.poll.as_ref().map(|poll| TranslatedPoll {
            id: poll.post_id,
            options: poll.options.iter().map(|_| TranslatedOption { title: incoming_text(&next()) }).collect(),
        });
        let media_attachments = self
            .described
            .iter()
            .map(|attachment| TranslatedAttachment { id: attachment.id, description: incoming_text(&next()) })
            .collect();
        Translation {
            content,
            spoiler_text,
            language,
            detected_source_language: translated.source,
            provider: translated.provider,
            poll,
            media_attachments,
        }
    }
}
