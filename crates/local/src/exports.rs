//! What people carry away: whom they follow, block, mute and have on lists, which servers they block, and what they have
//! bookmarked, as the CSV files that Mastodon writes and reads.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Result;
use crate::ids::ActorId;
use crate::json::Json;
use crate::schema::{actors, blocks, bookmarks, domain_blocks, follows, list_members, lists, mutes, posts};
use crate::site::Site;

/// A file of what somebody has here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Export {
    Following,
    Followers,
    Blocks,
    Mutes,
    Domains,
    Lists,
    Bookmarks,
}

impl Export {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 7] =
        [Self::Following, Self::Followers, Self::Lists, Self::Blocks, Self::Mutes, Self::Domains, Self::Bookmarks];

    /// The file's name, as Mastodon calls it.
    pub fn file(self) -> &'static str {
        match self {
            Self::Following => "following_accounts.csv",
            Self::Followers => "followers.csv",
            Self::Blocks => "blocked_accounts.csv",
            Self::Mutes => "muted_accounts.csv",
            Self::Domains => "blocked_domains.csv",
            Self::Lists => "lists.csv",
            Self::Bookmarks => "bookmarks.csv",
        }
    }

    /// From the file's name.
    pub fn from_file(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|export| export.file() == name)
    }
}

/// Name and domain of an account.
type Who = (String, Option<String>);

/// The file, whole.
pub fn csv(c: &mut Connection, site: &Site, of: ActorId, what: Export) -> Result<String> {
    let acct = |(name, domain): &Who| format!("{name}@{}", domain.as_deref().unwrap_or(site.domain()));
    let mut file = String::new();
    match what {
        Export::Following => {
            type Row = (Who, bool, bool, Option<Json<Vec<String>>>);
            row(&mut file, &["Account address", "Show boosts", "Notify on new posts", "Languages"]);
            let all: Vec<Row> = follows::table
                .inner_join(actors::table.on(actors::id.eq(follows::target_id)))
                .filter(follows::actor_id.eq(of))
                .order(follows::id.desc())
                .select(((actors::username, actors::domain), follows::show_boosts, follows::notify, follows::languages))
                .load(c)?;
            for (who, boosts, notify, languages) in all {
                let languages = languages.map(|Json(all)| all.join(", ")).unwrap_or_default();
                row(&mut file, &[&acct(&who), &boosts.to_string(), &notify.to_string(), &languages]);
            }
        }
        Export::Followers => {
            row(&mut file, &["Account address"]);
            let all: Vec<Who> = follows::table
                .inner_join(actors::table.on(actors::id.eq(follows::actor_id)))
                .filter(follows::target_id.eq(of))
                .order(follows::id.desc())
                .select((actors::username, actors::domain))
                .load(c)?;
            all.iter().for_each(|who| row(&mut file, &[&acct(who)]));
        }
        Export::Blocks => {
            let all: Vec<Who> = blocks::table
                .inner_join(actors::table.on(actors::id.eq(blocks::target_id)))
                .filter(blocks::actor_id.eq(of))
                .order(blocks::id.desc())
                .select((actors::username, actors::domain))
                .load(c)?;
            all.iter().for_each(|who| row(&mut file, &[&acct(who)]));
        }
        Export::Mutes => {
            row(&mut file, &["Account address", "Hide notifications"]);
            let all: Vec<(Who, bool)> = mutes::table
                .inner_join(actors::table.on(actors::id.eq(mutes::target_id)))
                .filter(mutes::actor_id.eq(of))
                .order(mutes::id.desc())
                .select(((actors::username, actors::domain), mutes::notifications))
                .load(c)?;
            all.iter().for_each(|(who, hides)| row(&mut file, &[&acct(who), &hides.to_string()]));
        }
        Export::Domains => {
            let all: Vec<String> = domain_blocks::table
                .filter(domain_blocks::actor_id.eq(of))
                .order(domain_blocks::id.desc())
                .select(domain_blocks::domain)
                .load(c)?;
            all.iter().for_each(|domain| row(&mut file, &[domain]));
        }
        Export::Lists => {
            let all: Vec<(String, Who)> = list_members::table
                .inner_join(lists::table)
                .inner_join(actors::table)
                .filter(lists::owner_id.eq(of))
                .order((lists::id, list_members::id))
                .select((lists::title, (actors::username, actors::domain)))
                .load(c)?;
            all.iter().for_each(|(title, who)| row(&mut file, &[title, &acct(who)]));
        }
        Export::Bookmarks => {
            let all: Vec<String> = bookmarks::table
                .inner_join(posts::table)
                .filter(bookmarks::actor_id.eq(of))
                .filter(posts::deleted_at.is_null())
                .order(bookmarks::id.desc())
                .select(posts::uri)
                .load(c)?;
            all.iter().for_each(|uri| row(&mut file, &[uri]));
        }
    }
    Ok(file)
}

/// Writes a row (RFC 4180).
fn row(file: &mut String, cells: &[&str]) {
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            file.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            file.push('"');
            file.push_str(&cell.replace('"', "\"\""));
            file.push('"');
        } else {
            file.push_str(cell);
        }
    }
    file.push('\n');
}

/// The rows of a file (RFC 4180; ends of lines as they come), without empty ones: `most` of them.
pub(crate) fn rows(text: &str, most: usize) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    loop {
        let letter = letters.next();
        match letter {
            Some('"') if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            Some('"') => quoted = !quoted,
            Some(letter) if quoted => cell.push(letter),
            Some(',') => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            Some('\n') | None => {
                cells.push(std::mem::take(&mut cell).trim().to_owned());
                let row = std::mem::take(&mut cells);
                if row.iter().any(|cell| !cell.is_empty()) {
                    all.push(row);
                }
                if letter.is_none() || all.len() >= most {
                    return all;
                }
            }
            Some(letter) => cell.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDb, people};

    #[test]
    fn rows_are_written_and_read() {
        let mut file = String::new();
        row(&mut file, &["a, b", "say \"x\"", ""]);
        row(&mut file, &["c\nd", "é", "ش"]); // typos: other language
        assert_eq!(rows(&file, 10), [["a, b", "say \"x\"", ""], ["c\nd", "é", "ش"]]); // typos: other language
        assert_eq!(rows("\u{feff}a,b\r\n\r\n ,\r\n\"c", 10), [["a", "b"].to_vec(), ["c"].to_vec()]);
        assert_eq!(rows("a\nb\nc", 2).len(), 2);
        assert!(rows("", 10).is_empty());
    }

    #[test]
    fn everything_is_carried_away_in_mastodons_files() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea, rita) = (people::local(c, "ali").id, people::local(c, "bea").id, people::remote(c, "rita").id);
            people::follow(c, ali, rita);
            people::follow(c, bea, ali);
            people::block(c, ali, bea);
            people::mute(c, ali, rita, None);
            for domain in ["spam.example", "Ads.example"] {
                crate::domain_blocks::block(c, &people::site(), ali, domain)?;
            }
            people::list(c, ali, &[rita], 0, false);
            let post = people::say(c, bea, "keep me");
            people::bookmark(c, ali, post.id);
            let site = people::site();
            let mut file = |what| csv(c, &site, ali, what).unwrap();
            let head = "Account address,Show boosts,Notify on new posts,Languages\n";
            assert_eq!(file(Export::Following), format!("{head}rita@peer.example,true,false,\n"));
            assert_eq!(file(Export::Followers), "Account address\nbea@majlis.example\n");
            assert_eq!(file(Export::Blocks), "bea@majlis.example\n");
            assert!(file(Export::Mutes).starts_with("Account address,Hide notifications\nrita@peer.example,"));
            assert_eq!(file(Export::Domains), "ads.example\nspam.example\n");
            assert!(file(Export::Lists).ends_with(",rita@peer.example\n"));
            assert_eq!(file(Export::Bookmarks), format!("{}\n", post.uri));
            let zoe = people::local(c, "zoe").id;
            for what in Export::ALL {
                assert_eq!(Export::from_file(what.file()), Some(what));
                assert!(csv(c, &site, zoe, what)?.lines().count() <= 1, "nobody else's");
            }
            Ok(())
        })
        .unwrap();
    }
}
