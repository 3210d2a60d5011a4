//! Who may see something: `to` and `cc` read as a visibility, and a visibility written as `to` and `cc`.
//! Public in `to` is public, in `cc` unlisted; followers only is private; anything else is direct.

/// The collection of everybody (ActivityPub §5.6).
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Whether an address means everybody; peers abbreviate it in two ways.
pub fn is_public(address: &str) -> bool {
    matches!(address, PUBLIC | "as:Public" | "Public")
}

/// Who may see a post, as the fediverse tells it by addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Everybody, in every timeline.
    Public,
    /// Everybody, but not in public timelines.
    Unlisted,
    /// The author's followers and those mentioned.
    Private,
    /// Those mentioned.
    Direct,
}

/// The addresses of a post or activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Primary addresses.
    pub to: Vec<String>,
    /// Secondary addresses.
    pub cc: Vec<String>,
}

impl Audience {
    /// The addresses for a visibility. `followers` is the author's followers collection, `mentioned` the ids of actors.
    ///
    /// A direct post has those mentioned in `to` and no `cc`: Pixelfed takes only that for a message.
    pub fn new(visibility: Visibility, followers: &str, mentioned: &[String]) -> Self {
        let mentions = mentioned.iter().cloned();
        let followers = || followers.to_owned();
        let public = || PUBLIC.to_owned();
        match visibility {
            Visibility::Public => Self { to: vec![public()], cc: std::iter::once(followers()).chain(mentions).collect() },
            Visibility::Unlisted => Self { to: vec![followers()], cc: std::iter::once(public()).chain(mentions).collect() },
            Visibility::Private => Self { to: vec![followers()], cc: mentions.collect() },
            Visibility::Direct => Self { to: mentions.collect(), cc: Vec::new() },
        }
    }

    /// The visibility that the addresses mean, `followers` being the author's followers collection if it is known.
    pub fn visibility(&self, followers: Option<&str>) -> Visibility {
        visibility(&self.to, &self.cc, followers)
    }
}

/// The visibility that `to` and `cc` mean, `followers` being the author's followers collection if it is known.
pub fn visibility(to: &[String], cc: &[String], followers: Option<&str>) -> Visibility {
    if to.iter().any(|address| is_public(address)) {
        Visibility::Public
    } else if cc.iter().any(|address| is_public(address)) {
        Visibility::Unlisted
    } else if followers.is_some_and(|followers| to.iter().chain(cc).any(|address| address == followers)) {
        Visibility::Private
    } else {
        Visibility::Direct
    }
}

/// Whether an actor is addressed by its own id. A mention counts only with its tag *and* its address.
pub fn addresses(to: &[String], cc: &[String], actor: &str) -> bool {
    to.iter().chain(cc).any(|address| address == actor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FOLLOWERS: &str = "https://a.example/users/amal/followers";

    fn read(to: &[&str], cc: &[&str]) -> Visibility {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        visibility(&own(to), &own(cc), Some(FOLLOWERS))
    }

    #[test]
    fn addresses_mean_a_visibility() {
        for public in [PUBLIC, "as:Public", "Public"] {
            assert_eq!(read(&[public], &[FOLLOWERS]), Visibility::Public);
            assert_eq!(read(&[FOLLOWERS], &[public]), Visibility::Unlisted);
            assert_eq!(read(&[], &[public]), Visibility::Unlisted);
        }
        assert_eq!(read(&[FOLLOWERS], &["https://b.example/b"]), Visibility::Private);
        assert_eq!(read(&["https://b.example/b"], &[FOLLOWERS]), Visibility::Private);
        assert_eq!(read(&["https://b.example/b"], &[]), Visibility::Direct);
        // Somebody else's followers are not the author's.
        assert_eq!(read(&["https://b.example/b/followers"], &[]), Visibility::Direct);
        assert_eq!(read(&[], &[]), Visibility::Direct);
        assert_eq!(read(&["public"], &[]), Visibility::Direct);
    }

    #[test]
    fn a_direct_post_has_no_cc() {
        let audience = Audience::new(Visibility::Direct, FOLLOWERS, &["https://b.example/b".to_owned()]);
        assert_eq!((audience.to.len(), audience.cc.len()), (1, 0));
        assert!(addresses(&audience.to, &audience.cc, "https://b.example/b"));
        assert!(!addresses(&audience.to, &audience.cc, "https://b.example/c"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(mentions in prop::collection::vec("https://[a-z]{1,8}\\.example/[a-z]{1,8}", 0..4)) {
            for visibility in [Visibility::Public, Visibility::Unlisted, Visibility::Private, Visibility::Direct] {
                prop_assert_eq!(Audience::new(visibility, FOLLOWERS, &mentions).visibility(Some(FOLLOWERS)), visibility);
            }
        }
    }
}
