//! The files of imports: what stands in which column, and the rows that can be read.

use serde::{Deserialize, Serialize};

use super::{Kind, ROWS};
use crate::domain_blocks;
use crate::exports;

/// Characters of an address in a row.
const ADDRESS_LIMIT: usize = 2_048;

/// A row of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// An account (`name@domain`), a post's address, or a server's domain.
    pub target: String,
    /// The list's title.
    pub list: String,
    /// Whether boosts are shown.
    pub boosts: Option<bool>,
    /// Whether posts notify.
    pub notify: Option<bool>,
    /// Languages that are shown.
    pub languages: Option<Vec<String>>,
    /// Whether notifications are hidden too.
    pub hides: Option<bool>,
}

impl Kind {
    /// The heads of the columns that are read, the one that no file lacks first (Mastodon's `EXPECTED_HEADERS_BY_TYPE`).
    fn heads(self) -> &'static [&'static str] {
        match self {
            Self::Following => &["Account address", "Show boosts", "Notify on new posts", "Languages"],
            Self::Blocks => &["Account address"],
            Self::Mutes => &["Account address", "Hide notifications"],
            Self::Lists => &["Account address", "List name"],
            Self::Bookmarks => &["#uri"],
            Self::Domains => &["#domain"],
        }
    }

    /// Where those columns stand in a file without heads.
    fn places(self) -> &'static [usize] {
        match self {
            Self::Following => &[0, 1, 2, 3],
            Self::Mutes => &[0, 1],
            Self::Lists => &[1, 0],
            Self::Blocks | Self::Bookmarks | Self::Domains => &[0],
        }
    }
}

/// The rows that can be read, whether or not there are heads above them, which may name the columns in any order.
pub(super) fn read(kind: Kind, text: &str) -> Vec<Row> {
    let mut all = exports::rows(text, ROWS + 1);
    let heads = kind.heads();
    let place = |head: &&str| all.first()?.iter().position(|cell| cell.eq_ignore_ascii_case(head));
    let named: Vec<Option<usize>> = heads.iter().map(place).collect();
    let columns = if named.first().is_some_and(Option::is_some) {
        all.remove(0);
        named
    } else {
        kind.places().iter().copied().map(Some).collect()
    };
    let switch = |text: &str| match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    let languages = |text: &str| {
        let all: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect();
        (!all.is_empty()).then_some(all)
    };
    let mut rows = Vec::new();
    for cells in &all {
        let cell = |column: usize| -> &str {
            let place = columns.get(column).copied().flatten();
            place.and_then(|place| cells.get(place)).map_or("", String::as_str)
        };
        let first = cell(0);
        let target = match kind {
            Kind::Bookmarks => Some(first.to_owned()).filter(|uri| uri.starts_with("https://") || uri.starts_with("http://")),
            Kind::Domains => domain_blocks::checked(first).ok().filter(|domain| domain.contains(['.', ':'])),
            _ => Some(first.trim_start_matches('@').to_owned()).filter(|acct| acct.contains('@')),
        };
        let Some(target) = target.filter(|target| target.len() <= ADDRESS_LIMIT) else { continue };
        let row = Row { target, ..Row::default() };
        rows.push(match kind {
            Kind::Following => Row { boosts: switch(cell(1)), notify: switch(cell(2)), languages: languages(cell(3)), ..row },
            Kind::Mutes => Row { hides: switch(cell(1)), ..row },
            Kind::Lists => Row { list: cell(1).to_owned(), ..row },
            Kind::Blocks | Kind::Bookmarks | Kind::Domains => row,
        });
    }
    rows.truncate(ROWS);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_every_kind_are_read_with_and_without_a_head() {
        let rows = read(
            Kind::Following,
            "Account address,Show boosts,Notify on new posts,Languages\na@x.example,false,true,\"ar, en\"\n@b@y.example\nnobody\n",
        );
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].boosts, rows[0].notify), (Some(false), Some(true)));
        assert_eq!(rows[0].languages, Some(vec!["ar".to_owned(), "en".to_owned()]));
        assert_eq!((rows[1].target.as_str(), rows[1].boosts, &rows[1].languages), ("b@y.example", None, &None));
        assert_eq!(read(Kind::Lists, "Friends,a@x.example\n")[0].list, "Friends");
        assert_eq!(read(Kind::Mutes, "Account address,Hide notifications\na@x.example,false")[0].hides, Some(false));
        assert_eq!(read(Kind::Bookmarks, "https://x.example/1\njavascript:1").len(), 1);
        assert_eq!(read(Kind::Bookmarks, "#uri\nhttps://x.example/1\n").len(), 1);
        let domains = read(Kind::Domains, "#domain,#severity\nSpam.example,suspend\nhttps://ads.example/x\nnot a domain\nword\n");
        assert_eq!(domains.iter().map(|row| row.target.as_str()).collect::<Vec<_>>(), ["spam.example", "ads.example"]);
        assert_eq!(read(Kind::Domains, "spam.example").len(), 1);
    }

    #[test]
    fn heads_say_where_the_columns_stand() {
        // Files of older Mastodons lack columns, other programs have more of them.
        let rows = read(Kind::Following, "Account address,Show boosts\na@x.example,false\n");
        assert_eq!((rows[0].boosts, rows[0].notify), (Some(false), None));
        let rows =
            read(Kind::Following, "\u{feff}Languages,Note,Account address,Notify on new posts\r\nar,hm,a@x.example,true\r\n");
        assert_eq!((rows[0].target.as_str(), rows[0].boosts, rows[0].notify), ("a@x.example", None, Some(true)));
        assert_eq!(rows[0].languages, Some(vec!["ar".to_owned()]));
        let rows = read(Kind::Lists, "List name,Account address\n\"Friends, old\",a@x.example\n");
        assert_eq!((rows.len(), rows[0].list.as_str()), (1, "Friends, old"));
        assert_eq!(read(Kind::Lists, "Account address,List name\na@x.example,Friends\n")[0].list, "Friends");
        assert_eq!(read(Kind::Blocks, "Account address\na@x.example\n").len(), 1);
    }
}
