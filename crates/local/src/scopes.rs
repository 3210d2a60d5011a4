//! What a token may do: OAuth scopes as Mastodon names them, with their implications (`read` ⊃ `read:statuses`,
//! `follow` ⊃ the relations' scopes). A set is one machine word, and keeps the names that were granted.

use diesel::sql_types::Text;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident $word:literal,)*) => {
        /// One scope.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Scope { $($(#[$doc])* $name,)* }

        impl Scope {
            /// Every scope, in the order in which sets are written.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The scope's name in OAuth.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The scope of this name.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

scopes! {
    /// Who one is, and nothing else.
    Profile "profile",
    /// Everything that is read.
    Read "read",
    /// Everything that is written.
    Write "write",
    /// Relations, read and written; an older name that most apps still ask for.
    Follow "follow",
    /// Web Push.
    Push "push",
    /// Everything that an admin may read.
    AdminRead "admin:read",
    /// Everything that an admin may do.
    AdminWrite "admin:write",
    ReadAccounts "read:accounts",
    ReadBlocks "read:blocks",
    ReadBookmarks "read:bookmarks",
    ReadCollections "read:collections",
    ReadFavourites "read:favourites",
    ReadFilters "read:filters",
    ReadFollows "read:follows",
    ReadLists "read:lists",
    ReadMutes "read:mutes",
    ReadNotifications "read:notifications",
    ReadSearch "read:search",
    ReadStatuses "read:statuses",
    WriteAccounts "write:accounts",
    WriteBlocks "write:blocks",
    WriteBookmarks "write:bookmarks",
    WriteCollections "write:collections",
    WriteConversations "write:conversations",
    WriteFavourites "write:favourites",
    WriteFilters "write:filters",
    WriteFollows "write:follows",
    WriteLists "write:lists",
    WriteMedia "write:media",
    WriteMutes "write:mutes",
    WriteNotifications "write:notifications",
    WriteReports "write:reports",
    WriteStatuses "write:statuses",
    AdminReadAccounts "admin:read:accounts",
    AdminReadReports "admin:read:reports",
    AdminReadDomainAllows "admin:read:domain_allows",
    AdminReadDomainBlocks "admin:read:domain_blocks",
    AdminReadIpBlocks "admin:read:ip_blocks",
    AdminReadEmailDomainBlocks "admin:read:email_domain_blocks",
    AdminReadCanonicalEmailBlocks "admin:read:canonical_email_blocks",
    AdminWriteAccounts "admin:write:accounts",
    AdminWriteReports "admin:write:reports",
    AdminWriteDomainAllows "admin:write:domain_allows",
    AdminWriteDomainBlocks "admin:write:domain_blocks",
    AdminWriteIpBlocks "admin:write:ip_blocks",
    AdminWriteEmailDomainBlocks "admin:write:email_domain_blocks",
    AdminWriteCanonicalEmailBlocks "admin:write:canonical_email_blocks",
}

impl Scope {
    /// The wider scopes that grant this one too.
    fn implied_by(self) -> &'static [Self] {
        match self {
            Self::ReadBlocks | Self::ReadFollows | Self::ReadMutes => &[Self::Read, Self::Follow],
            Self::WriteBlocks | Self::WriteFollows | Self::WriteMutes => &[Self::Write, Self::Follow],
            other => match other.word() {
                word if word.starts_with("read:") => &[Self::Read],
                word if word.starts_with("write:") => &[Self::Write],
                word if word.starts_with("admin:read:") => &[Self::AdminRead],
                word if word.starts_with("admin:write:") => &[Self::AdminWrite],
                _ => &[],
            },
        }
    }

    fn bit(self) -> u64 {
        1 << (self as u8)
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A set of scopes, as granted: `read` stays `read`. Written with spaces between the names, in the database too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Scopes(u64);

/// A name that is no scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScope(pub String);

impl std::fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is no scope", self.0)
    }
}

impl std::error::Error for UnknownScope {}

impl Scopes {
    /// Reads names with spaces, `+` or commas between them, as clients send them.
    ///
    /// # Errors
    /// The first name that is no scope.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split([' ', '+', ',', '\t', '\n', '\r'])
            .filter(|word| !word.is_empty())
            .map(|word| Scope::from_word(word).ok_or_else(|| UnknownScope(word.chars().take(64).collect())))
            .collect()
    }

    /// Whether a token with this set may do what needs `scope`.
    pub fn allows(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0 || scope.implied_by().iter().any(|wider| self.0 & wider.bit() != 0)
    }

    /// Whether everything in `other` is allowed by this set: what an app may ask for, given what it registered.
    pub fn covers(self, other: Self) -> bool {
        other.iter().all(|scope| self.allows(scope))
    }

    /// Whether nothing was granted.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes as granted.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.0 & scope.bit() != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, scope) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.word())?;
        }
        Ok(())
    }
}

impl<DB> diesel::deserialize::FromSql<Text, DB> for Scopes
where
    DB: diesel::backend::Backend,
    String: diesel::deserialize::FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        // A scope that an older or newer version knew grants nothing here, and spoils nothing.
        let text = String::from_sql(bytes)?;
        Ok(text.split(' ').filter_map(Scope::from_word).collect())
    }
}

impl diesel::serialize::ToSql<Text, diesel::sqlite::Sqlite> for Scopes {
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::sqlite::Sqlite>) -> diesel::serialize::Result {
        out.set_value(self.to_string());
        Ok(diesel::serialize::IsNull::No)
    }
}

impl diesel::serialize::ToSql<Text, diesel::pg::Pg> for Scopes {
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
        use std::io::Write as _;
        write!(out, "{self}")?;
        Ok(diesel::serialize::IsNull::No)
    }
}

impl diesel::serialize::ToSql<Text, crate::connection::MultiBackend> for Scopes {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, crate::connection::MultiBackend>,
    ) -> diesel::serialize::Result {
        out.set_value((Text, self));
        Ok(diesel::serialize::IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn a_word_holds_every_scope() {
        assert!(Scope::ALL.len() <= 64);
        for &scope in Scope::ALL {
            assert_eq!(Scope::from_word(scope.word()), Some(scope));
        }
    }

    #[test]
    fn wider_scopes_imply_narrower_ones_and_not_the_other_way() {
        assert!(scopes("read").allows(Scope::ReadStatuses));
        assert!(!scopes("read").allows(Scope::WriteStatuses));
        assert!(!scopes("read:statuses").allows(Scope::Read));
        assert!(!scopes("read write").allows(Scope::AdminReadAccounts));
        assert!(!scopes("read write").allows(Scope::Push));
        assert!(scopes("follow").allows(Scope::WriteBlocks));
        assert!(!scopes("follow").allows(Scope::WriteStatuses));
        assert!(scopes("admin:read").allows(Scope::AdminReadReports));
        assert!(!scopes("profile").allows(Scope::ReadAccounts));
    }

    #[test]
    fn an_app_may_ask_for_less_than_it_registered() {
        assert!(scopes("read write").covers(scopes("read:statuses write:media")));
        assert!(scopes("read write follow push").covers(scopes("push follow")));
        assert!(!scopes("read").covers(scopes("read write")));
    }

    #[test]
    fn sets_are_written_as_granted_and_unknown_names_refused() {
        assert_eq!(scopes("write  read").to_string(), "read write");
        assert_eq!(scopes("read+write").to_string(), "read write");
        assert_eq!(Scopes::parse("read fly"), Err(UnknownScope("fly".to_owned())));
        assert!(scopes("").is_empty());
    }
}
