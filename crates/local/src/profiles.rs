//! What local people write about themselves: the sources of their profile, how they become what others see, and the
//! choices that new posts begin with. The rendered profile itself stands in [`crate::actors`].

use std::collections::HashMap;

use diesel::prelude::*;

use crate::actors::{self, Actor, ActorKind, Field, ProfileChange};
use crate::cards;
use crate::connection::{Connection, cols};
use crate::emojis;
use crate::error::{Error, Flaw, Problem, Result};
use crate::follow_requests;
use crate::ids::ActorId;
use crate::jobs::{self, Change, Job};
use crate::json::Json;
use crate::newsletters;
use crate::quote_policies::QuotePolicy;
use crate::schema::{actor_endpoints, users};
use crate::site::Site;
use crate::text::{self, Format, Mentioned, Resolved, Scanned};
use crate::verified_links;
use crate::visibility::Visibility;
use crate::writing::known_mentions;

/// Characters of a display name.
pub const DISPLAY_NAME_LIMIT: usize = 30;
/// Characters of the text about oneself; links count in full.
pub const NOTE_LIMIT: usize = 500;
/// Rows of the profile's table.
pub const FIELDS: usize = 4;
/// Domains whose pages may name a person as their author.
pub const ATTRIBUTION_DOMAINS: usize = 100;
/// Characters of a row's name, and of its value.
pub const FIELD_LIMIT: usize = 255;
/// Characters of the description of a picture.
pub const PICTURE_DESCRIPTION_LIMIT: usize = 1_500;

/// A row of the profile's table as its owner typed it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct FieldSource {
    /// What the row tells.
    pub name: String,
    /// What it says; a link, a mention or plain text.
    pub value: String,
}

/// What stands behind the profile of a local person, as it was typed, and what its new posts begin with.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct ProfileSource {
    /// The text about itself.
    #[diesel(column_name = note_source)]
    pub note: String,
    /// The rows of the profile's table.
    #[diesel(column_name = fields_source)]
    pub fields: Option<Json<Vec<FieldSource>>>,
    /// The audience of new posts.
    pub default_visibility: Visibility,
    /// Whether pictures of new posts are hidden at first.
    pub default_sensitive: bool,
    /// The language of new posts (ISO 639); `None`: guessed.
    pub default_language: Option<String>,
    /// Who may quote new posts.
    pub default_quote_policy: QuotePolicy,
}

/// A picture to show on the profile: storage keys of the picture and of a still of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Picture {
    pub moving: String,
    pub still: String,
}

/// What a local person changes; `None` leaves a value as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileEdit {
    /// Plain text.
    pub display_name: Option<String>,
    /// Plain text.
    pub note: Option<String>,
    /// All rows; rows without name and value are left out.
    pub fields: Option<Vec<FieldSource>>,
    /// `Some(None)` takes the picture away.
    pub avatar: Option<Option<Picture>>,
    /// For those who do not see the picture.
    pub avatar_description: Option<String>,
    /// `Some(None)` takes the picture away.
    pub header: Option<Option<Picture>>,
    /// For those who do not see the picture.
    pub header_description: Option<String>,
    /// Whether follows need approval. Unlocking approves all that wait.
    pub locked: Option<bool>,
    /// Whether the account is run by a machine.
    pub bot: Option<bool>,
    /// Whether the account may be suggested to others.
    pub discoverable: Option<bool>,
    /// Whether public posts may be found by everybody's full-text search.
    pub indexable: Option<bool>,
    /// Whether others see whom the account follows and who follows it.
    pub hide_collections: Option<bool>,
    /// Whether the profile has a tab of pictures.
    pub show_media: Option<bool>,
    /// … with those of answers.
    pub show_media_replies: Option<bool>,
    /// Whether the profile has a tab of what is featured.
    pub show_featured: Option<bool>,
    /// Domains whose pages may name this person as their author, in place of the former ones.
    pub attribution_domains: Option<Vec<String>>,
    /// Whether public posts can be had by e-mail ([`newsletters`]).
    pub email_subscriptions: Option<bool>,
    /// See [`ProfileSource::default_visibility`].
    pub default_visibility: Option<Visibility>,
    /// See [`ProfileSource::default_sensitive`].
    pub default_sensitive: Option<bool>,
    /// See [`ProfileSource::default_language`]; `Some(None)` goes back to guessing.
    pub default_language: Option<Option<String>>,
    /// See [`ProfileSource::default_quote_policy`].
    pub default_quote_policy: Option<QuotePolicy>,
}

/// What stands behind the profile of a local person.
///
/// # Errors
/// [`Error::NotFound`] when it does not log in here.
pub fn source(c: &mut Connection, actor: ActorId) -> Result<ProfileSource> {
    users::table.find(actor).select(cols::<ProfileSource>()).first(c).optional()?.ok_or(Error::NotFound("user"))
}

/// Changes the profile of a local person. Peers are told when anything has changed that they see.
///
/// # Errors
/// [`Error::Invalid`], naming every wrong field; [`Error::NotFound`] when the person does not log in here.
pub fn edit(c: &mut Connection, site: &Site, id: ActorId, edit: ProfileEdit) -> Result<Actor> {
    let edit = checked(edit)?;
    if let Some(on) = edit.email_subscriptions {
        newsletters::set(c, site, id, on)?;
    }
    let (before, stored) = (actors::get(c, id)?, source(c, id)?);
    if let Some(visibility) = edit.default_visibility {
        diesel::update(users::table.find(id)).set(users::default_visibility.eq(visibility)).execute(c)?;
    }
    if let Some(sensitive) = edit.default_sensitive {
        diesel::update(users::table.find(id)).set(users::default_sensitive.eq(sensitive)).execute(c)?;
    }
    if let Some(language) = &edit.default_language {
        diesel::update(users::table.find(id)).set(users::default_language.eq(language)).execute(c)?;
    }
    if let Some(policy) = edit.default_quote_policy {
        diesel::update(users::table.find(id)).set(users::default_quote_policy.eq(policy)).execute(c)?;
    }
    if edit.note.is_some() || edit.fields.is_some() {
        let fields = edit.fields.clone().or_else(|| stored.fields.clone().map(|Json(fields)| fields));
        diesel::update(users::table.find(id))
            .set((
                users::note_source.eq(edit.note.as_ref().unwrap_or(&stored.note)),
                users::fields_source.eq(fields.filter(|fields| !fields.is_empty()).map(Json)),
            ))
            .execute(c)?;
    }
    if let Some(domains) = edit.attribution_domains.clone() {
        set_attribution_domains(c, id, domains)?;
    }
    let looks_anew = edit.fields.is_some();
    let unlocked = before.locked && edit.locked == Some(false);
    let change = rendered(c, site, &before, &stored, edit)?;
    if change == ProfileChange::default() {
        return Ok(before);
    }
    let actor = actors::change_profile(c, id, change)?;
    if looks_anew {
        verified_links::expect(c, &actor)?;
    }
    if unlocked {
        follow_requests::accept_all(c, id)?;
    }
    Ok(actor)
}

/// Names the domains whose pages may name this person as their author; peers are told.
fn set_attribution_domains(c: &mut Connection, id: ActorId, typed: Vec<String>) -> Result<()> {
    let wrong = |message: String| Error::invalid("attribution_domains", Flaw::Invalid, message);
    let mut domains = Vec::new();
    for line in typed.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        let line = line.strip_prefix("https://").or_else(|| line.strip_prefix("http://")).unwrap_or(line);
        let line = line.strip_prefix("*.").unwrap_or(line).split('/').next().unwrap_or_default();
        let domain = text::normalise_domain(line).filter(|domain| domain.contains('.'));
        let domain = domain.ok_or_else(|| wrong(format!("must be names of domains; {line} is none")))?;
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    if domains.len() > ATTRIBUTION_DOMAINS {
        return Err(wrong(format!("at most {ATTRIBUTION_DOMAINS} domains")));
    }
    let stored = domains.clone();
    if actors::endpoints(c, id)?.attribution_domains.map(|Json(before)| before).unwrap_or_default() == stored {
        return Ok(());
    }
    diesel::update(actor_endpoints::table.find(id))
        .set(actor_endpoints::attribution_domains.eq(Some(Json(stored))))
        .execute(c)?;
    cards::confirm_claims(c, id)?;
    jobs::enqueue(c, &Job::Federate { change: Change::ProfileChanged { actor: id } })?;
    Ok(())
}

/// What others see of an edit. The text and the table are rendered anew also when only the other has changed, because
/// their emoji are kept together.
fn rendered(c: &mut Connection, site: &Site, before: &Actor, stored: &ProfileSource, edit: ProfileEdit) -> Result<ProfileChange> {
    let mut change = ProfileChange {
        avatar: edit.avatar.map(|picture| picture.map(|p| (p.moving, p.still))),
        avatar_description: edit.avatar_description,
        header: edit.header.map(|picture| picture.map(|p| (p.moving, p.still))),
        header_description: edit.header_description,
        locked: edit.locked,
        kind: edit.bot.map(|bot| kind(before.kind, bot)),
        discoverable: edit.discoverable,
        indexable: edit.indexable,
        hide_collections: edit.hide_collections,
        show_media: edit.show_media,
        show_media_replies: edit.show_media_replies,
        show_featured: edit.show_featured,
        ..ProfileChange::default()
    };
    if edit.display_name.is_none() && edit.note.is_none() && edit.fields.is_none() {
        return Ok(change);
    }
    let display_name = edit.display_name.unwrap_or_else(|| before.display_name.clone());
    let note = edit.note.unwrap_or_else(|| stored.note.clone());
    let fields = edit.fields.unwrap_or_else(|| stored.fields.clone().map(|Json(fields)| fields).unwrap_or_default());
    let mut shortcodes: Vec<String> = text::emoji::shortcodes(&display_name).into_iter().map(str::to_owned).collect();
    let (summary, used) = render_note(c, site, &note)?;
    shortcodes.extend(used);
    let mut rows = Vec::with_capacity(fields.len());
    for field in &fields {
        let scanned = text::scan(&field.value, Format::Plain);
        let resolved = resolve(c, site, &scanned)?;
        shortcodes.extend(scanned.emoji);
        shortcodes.extend(text::emoji::shortcodes(&field.name).into_iter().map(str::to_owned));
        let value = text::render_field(&field.value, &resolved);
        let known = before.fields.iter().flat_map(|fields| fields.iter()).find(|known| known.value == value);
        rows.push(Field { name: text::one_line(&field.name), verified_at: known.and_then(|known| known.verified_at), value });
    }
    shortcodes.sort_unstable();
    shortcodes.dedup();
    change.display_name = Some(display_name);
    change.summary = Some(summary);
    change.fields = Some(rows);
    change.emojis = Some(emojis::used(c, &shortcodes)?);
    Ok(change)
}

/// The HTML of the text about oneself and the emoji in it.
fn render_note(c: &mut Connection, site: &Site, note: &str) -> Result<(String, Vec<String>)> {
    let scanned = text::scan(note, Format::Plain);
    let resolved = resolve(c, site, &scanned)?;
    Ok((text::render(note, Format::Plain, &resolved), scanned.emoji))
}

fn resolve(c: &mut Connection, site: &Site, scanned: &Scanned) -> Result<Resolved> {
    let mut mentions = HashMap::new();
    for (handle, actor) in known_mentions(c, site, scanned)? {
        mentions.insert(handle, Mentioned { url: actor.page_url().to_owned(), acct: actor.acct() });
    }
    Ok(Resolved { mentions, tag_base_url: site.tag_url("") })
}

fn kind(before: ActorKind, bot: bool) -> ActorKind {
    match (before, bot) {
        (ActorKind::Person, true) => ActorKind::Service,
        (ActorKind::Service, false) => ActorKind::Person,
        (other, _) => other,
    }
}

/// The same edit, trimmed; all that is wrong with it is named at once.
fn checked(mut edit: ProfileEdit) -> Result<ProfileEdit> {
    let mut problems = Vec::new();
    let mut bound = |field: &'static str, text: &str, most: usize| {
        if text::count::graphemes(text) > most {
            let message = format!("is too long (maximum is {most} characters)");
            problems.push(Problem { field, flaw: Flaw::TooLong, message });
        }
    };
    if let Some(name) = &mut edit.display_name {
        *name = text::one_line(name);
        bound("display_name", name, DISPLAY_NAME_LIMIT);
    }
    if let Some(note) = &mut edit.note {
        *note = note.trim().replace("\r\n", "\n");
        bound("note", note, NOTE_LIMIT);
    }
    for (field, description) in
        [("avatar_description", &mut edit.avatar_description), ("header_description", &mut edit.header_description)]
    {
        if let Some(description) = description {
            *description = description.trim().to_owned();
            bound(field, description, PICTURE_DESCRIPTION_LIMIT);
        }
    }
    if let Some(fields) = &mut edit.fields {
        for field in &mut *fields {
            field.name = text::one_line(&field.name);
            field.value = text::one_line(&field.value);
            bound("fields", &field.name, FIELD_LIMIT);
            bound("fields", &field.value, FIELD_LIMIT);
        }
        fields.retain(|field| !field.name.is_empty() || !field.value.is_empty());
        let nameless = fields.iter().any(|field| field.name.is_empty());
        let too_many = fields.len() > FIELDS;
        if nameless {
            let message = "cannot contain values with missing labels".to_owned();
            problems.push(Problem { field: "fields", flaw: Flaw::Blank, message });
        }
        if too_many {
            let message = format!("cannot have more than {FIELDS} rows");
            problems.push(Problem { field: "fields", flaw: Flaw::TooLong, message });
        }
    }
    if let Some(Some(language)) = &mut edit.default_language {
        match text::language::language(language) {
            Some(known) => *language = known.to_owned(),
            None => problems.push(Problem {
                field: "source[language]",
                flaw: Flaw::Inclusion,
                message: "is not a language that is known here".to_owned(),
            }),
        }
    }
    if problems.is_empty() { Ok(edit) } else { Err(Error::Invalid(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follows::{self, Choices};
    use crate::jobs::{self, Change, Job};
    use crate::testing::TestDb;
    use crate::testing::people::{self, site};

    fn row(name: &str, value: &str) -> FieldSource {
        FieldSource { name: name.into(), value: value.into() }
    }

    fn updates(c: &mut Connection, id: ActorId) -> usize {
        let told = Job::Federate { change: Change::ProfileChanged { actor: id } };
        jobs::all(c).unwrap().iter().filter(|job| **job == told).count()
    }

    #[test]
    fn what_is_typed_is_kept_and_what_is_shown_is_rendered() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, _) = (people::local(c, "ali").id, people::local(c, "bea"));
            let actor = edit(
                c,
                &site(),
                ali,
                ProfileEdit {
                    display_name: Some(" Ali  علي ".into()),
                    note: Some("Friend of @bea <3\r\n#مجلس".into()),
                    fields: Some(vec![row("Site", "https://ali.example"), row(" ", ""), row("Pet", "cat & dog")]),
                    ..ProfileEdit::default()
                },
            )?;
            assert_eq!(actor.display_name, "Ali علي");
            assert!(actor.summary.contains("/@bea") && actor.summary.contains("&lt;3"), "{}", actor.summary);
            assert!(actor.summary.contains("/tags/"), "{}", actor.summary);
            let fields = actor.fields.unwrap().0;
            assert_eq!(fields.len(), 2);
            assert!(fields[0].value.contains("href=\"https://ali.example\""), "{}", fields[0].value);
            assert_eq!(fields[1].value, "cat &amp; dog");
            let kept = source(c, ali)?;
            assert_eq!(kept.note, "Friend of @bea <3\n#مجلس");
            assert_eq!(kept.fields.unwrap().0[1], row("Pet", "cat & dog"));
            assert_eq!(updates(c, ali), 1);

            let actor = edit(c, &site(), ali, ProfileEdit { note: Some(String::new()), ..ProfileEdit::default() })?;
            assert_eq!(actor.summary, "");
            assert_eq!((actor.display_name.as_str(), actor.fields.unwrap().0.len()), ("Ali علي", 2), "the rest stays");
            let actor = edit(c, &site(), ali, ProfileEdit { fields: Some(vec![]), ..ProfileEdit::default() })?;
            assert_eq!((actor.fields, source(c, ali)?.fields), (None, None));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn choices_for_new_posts_concern_nobody_else() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let choices = ProfileEdit {
                default_visibility: Some(Visibility::Private),
                default_sensitive: Some(true),
                default_language: Some(Some("ar".into())),
                ..ProfileEdit::default()
            };
            edit(c, &site(), ali, choices)?;
            let kept = source(c, ali)?;
            assert_eq!((kept.default_visibility, kept.default_sensitive), (Visibility::Private, true));
            assert_eq!(kept.default_language.as_deref(), Some("ar"));
            edit(c, &site(), ali, ProfileEdit { default_language: Some(None), ..ProfileEdit::default() })?;
            assert_eq!(source(c, ali)?.default_language, None);
            assert_eq!(updates(c, ali), 0);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn all_that_is_wrong_is_named() {
        let db = TestDb::new();
        let wrong = db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            edit(
                c,
                &site(),
                ali,
                ProfileEdit {
                    display_name: Some("x".repeat(31)),
                    note: Some("x".repeat(501)),
                    fields: Some((0..5).map(|n| row(&n.to_string(), "x")).collect()),
                    default_language: Some(Some("klingon!".into())),
                    ..ProfileEdit::default()
                },
            )
        });
        let Err(Error::Invalid(problems)) = wrong else { panic!("{wrong:?}") };
        let fields: Vec<_> = problems.iter().map(|p| p.field).collect();
        assert_eq!(fields, ["display_name", "note", "fields", "source[language]"]);
    }

    #[test]
    fn pages_that_name_their_author_are_its_own_once_it_names_their_domain() {
        use crate::cards::{self, NewCard};
        TestDb::new()
            .write_now(|c| {
                let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
                let mut page = |url: &str, by| {
                    cards::store(c, NewCard { title: "News".into(), claimed_author: Some(by), ..NewCard::nothing(url) })
                };
                let own = page("https://news.example/a", ali)?.id;
                let below = page("https://blog.news.example/b", ali)?.id;
                let (other, hers) = (page("https://other.example/c", ali)?.id, page("https://news.example/d", bea)?.id);
                let domains = Some(vec!["news.example".to_owned()]);
                edit(c, &site(), ali, ProfileEdit { attribution_domains: domains, ..ProfileEdit::default() })?;
                for (id, author, claimed) in
                    [(own, Some(ali), None), (below, Some(ali), None), (other, None, Some(ali)), (hers, None, Some(bea))]
                {
                    let card = cards::find_many(c, &[id])?.remove(0);
                    assert_eq!((card.author_id, card.claimed_author_id), (author, claimed), "{}", card.url);
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn unlocking_lets_those_in_who_wait() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            edit(c, &site(), ali, ProfileEdit { locked: Some(true), bot: Some(true), ..ProfileEdit::default() })?;
            assert_eq!(actors::get(c, ali)?.kind, ActorKind::Service);
            follows::follow(c, &site(), bea, ali, &Choices::default())?;
            assert!(!follows::is_following(c, bea, ali)?);
            edit(c, &site(), ali, ProfileEdit { locked: Some(false), bot: Some(false), ..ProfileEdit::default() })?;
            assert!(follows::is_following(c, bea, ali)?);
            assert_eq!(actors::get(c, ali)?.kind, ActorKind::Person);
            Ok(())
        })
        .unwrap();
    }
}
