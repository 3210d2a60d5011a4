//! A text on its way to become a post. What takes time is done by [`Typed::read`], before the write that everybody else waits
//! for; only the people and emojis that it names are looked up inside.

use std::collections::HashMap;

use crate::actors::{self, Actor};
use crate::connection::Connection;
use crate::emojis;
use crate::error::Result;
use crate::ids::ActorId;
use crate::json::Json;
use crate::site::Site;
use crate::text::{self, Format, Handle, Mentioned, Resolved, Scanned};

/// A text as its author typed it, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    text: String,
    format: Format,
    scanned: Scanned,
    /// Guessed, when that was asked for.
    language: Option<String>,
    /// Of a text that mentions nobody: whoever is looked up would not change it.
    html: Option<String>,
}

impl Typed {
    /// Reads a text; with `guess`, its language too.
    pub fn read(site: &Site, text: &str, format: Format, guess: bool) -> Self {
        let scanned = text::scan(text, format);
        let language = if guess { text::language::detect(text).map(str::to_owned) } else { None };
        let html = scanned.mentions.is_empty().then(|| text::render(text, format, &nobody(site)));
        Self { text: text.to_owned(), format, scanned, language, html }
    }

    /// Looks up what it names. `language` goes before what was guessed.
    pub(crate) fn write(self, c: &mut Connection, site: &Site, author: &Actor, language: Option<String>) -> Result<Written> {
        let known = known_mentions(c, site, &self.scanned)?;
        let html = match self.html {
            Some(html) => html,
            None => {
                let mut resolved = nobody(site);
                for (handle, actor) in &known {
                    let mentioned = Mentioned { url: actor.page_url().to_owned(), acct: actor.acct() };
                    resolved.mentions.insert(handle.clone(), mentioned);
                }
                text::render(&self.text, self.format, &resolved)
            }
        };
        let mut mentioned: Vec<Actor> = known.into_values().filter(|a| a.id != author.id).collect();
        mentioned.sort_by_key(|a| a.id);
        mentioned.dedup_by_key(|a| a.id);
        let emojis = emojis::used(c, &self.scanned.emoji)?;
        Ok(Written {
            html,
            mentioned,
            hashtags: self.scanned.hashtags,
            emojis: (!emojis.is_empty()).then_some(Json(emojis)),
            language: language.or(self.language),
        })
    }
}

fn nobody(site: &Site) -> Resolved {
    Resolved { mentions: HashMap::new(), tag_base_url: site.tag_url("") }
}

/// A text made ready to be stored.
pub(crate) struct Written {
    pub(crate) html: String,
    pub(crate) mentioned: Vec<Actor>,
    pub(crate) hashtags: Vec<text::Hashtag>,
    pub(crate) emojis: Option<Json<Vec<actors::Emoji>>>,
    pub(crate) language: Option<String>,
}

impl Written {
    pub(crate) fn mentioned_ids(&self) -> Vec<ActorId> {
        self.mentioned.iter().map(|a| a.id).collect()
    }
}

/// The actors behind a text's handles, as far as they are known here and still there.
pub(crate) fn known_mentions(c: &mut Connection, site: &Site, scanned: &Scanned) -> Result<HashMap<Handle, Actor>> {
    let mut known = HashMap::new();
    for handle in &scanned.mentions {
        let domain = handle.domain.as_deref().filter(|d| !site.is_own_domain(d));
        if let Some(actor) = actors::by_handle(c, &handle.name, domain)?
            && !actor.is_gone()
        {
            known.insert(handle.clone(), actor);
        }
    }
    Ok(known)
}
