//! The names under which files are kept: unguessable, sharded, with the ending of what they hold.
//! A key is checked when it is made from text, so whatever holds a [`Key`] cannot leave the store's folder.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Kind};

/// What a stored file is for: the first part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Folder {
    /// Pictures attached to posts.
    Attachments,
    /// Actors' avatars.
    Avatars,
    /// Actors' headers.
    Headers,
    /// Custom emoji.
    Emojis,
    /// Pictures of pages that posts link to.
    Cards,
    /// What somebody sent and nobody has looked through yet: never served.
    Uploads,
    /// Copies of what other servers keep.
    Remote,
    /// What people have asked for to take along: served to them alone.
    Archives,
}

impl Folder {
    /// Every folder.
    pub const ALL: [Folder; 8] = [
        Folder::Attachments,
        Folder::Avatars,
        Folder::Headers,
        Folder::Emojis,
        Folder::Cards,
        Folder::Uploads,
        Folder::Remote,
        Folder::Archives,
    ];

    /// The folders whose files are never shown to the world.
    const PRIVATE: [Folder; 2] = [Folder::Uploads, Folder::Archives];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Folder::Attachments => "attachments",
            Folder::Avatars => "avatars",
            Folder::Headers => "headers",
            Folder::Emojis => "emojis",
            Folder::Cards => "cards",
            Folder::Uploads => "uploads",
            Folder::Remote => "remote",
            Folder::Archives => "archives",
        }
    }
}

/// The name of a stored file: `attachments/3f/a9/0c…71.jpg`, its preview `attachments/3f/a9/0c…71.preview.jpg`, the
/// still form of an animated avatar `avatars/…/….still.png`. The hexadecimal digits are 128 random bits.
/// Reads and writes as text (serde, `Display`, `FromStr`); text that is no such name is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

impl Key {
    /// A new name that nobody can guess, for a file of this kind.
    pub fn random(folder: Folder, kind: Kind) -> Key {
        let name = format!("{:032x}", rand::random::<u128>());
        Key(format!("{}/{}/{}/{}.{}", folder.name(), &name[..2], &name[2..4], &name[4..], kind.extension()))
    }

    /// Checks a text from outside, such as the end of a URL's path. Fails with [`Error::BadKey`] on anything but what
    /// this crate itself writes, so `..`, empty parts, other letters and unknown endings never reach the store.
    pub fn parse(text: &str) -> Result<Key, Error> {
        let is_hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let well_formed = || {
            let mut parts = text.split('/');
            let folder = parts.next()?;
            Folder::ALL.into_iter().find(|known| known.name() == folder)?;
            let (shard, inner, file) = (parts.next()?, parts.next()?, parts.next()?);
            let (stem, extension) = file.rsplit_once('.')?;
            Kind::by_extension(extension)?;
            let stem = stem.strip_suffix(PREVIEW).or(stem.strip_suffix(STILL)).unwrap_or(stem);
            (parts.next().is_none() && is_hex(shard, 2) && is_hex(inner, 2) && is_hex(stem, 28)).then_some(())
        };
        well_formed().map(|()| Key(text.to_owned())).ok_or(Error::BadKey)
    }

    /// The key as text, to be put behind `{origin}/media/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the file may be shown to the world: an upload as it came may tell where it was made, and an archive is one
    /// person's own.
    pub fn is_public(&self) -> bool {
        let is_in = |folder: Folder| self.0.split('/').next() == Some(folder.name());
        !matches!(self.kind(), Kind::Raw | Kind::Zip) && !Folder::PRIVATE.into_iter().any(is_in)
    }

    /// The kind of file behind the key, from its ending, which this crate chose by the file's content.
    pub fn kind(&self) -> Kind {
        // Every way to make a key checks its ending; a kind that browsers never run is the safe answer to "never".
        self.0.rsplit_once('.').and_then(|(_, end)| Kind::by_extension(end)).unwrap_or(Kind::Png)
    }

    /// The name of this picture's preview.
    pub(crate) fn preview(&self, kind: Kind) -> Key {
        self.beside(PREVIEW, kind)
    }

    /// The name of this animation's still form.
    pub(crate) fn still(&self, kind: Kind) -> Key {
        self.beside(STILL, kind)
    }

    fn beside(&self, role: &str, kind: Kind) -> Key {
        let stem = self.0.rsplit_once('.').map_or(&*self.0, |(stem, _)| stem);
        Key(format!("{stem}{role}.{}", kind.extension()))
    }
}

const PREVIEW: &str = ".preview";
const STILL: &str = ".still";

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Key, Error> {
        Key::parse(text)
    }
}

impl TryFrom<String> for Key {
    type Error = Error;

    fn try_from(text: String) -> Result<Key, Error> {
        Key::parse(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_survive_text() {
        for folder in Folder::ALL {
            for kind in Kind::ALL {
                let key = Key::random(folder, kind);
                for key in [key.preview(Kind::Jpeg), key.still(Kind::Png), key] {
                    let read = Key::parse(key.as_str()).unwrap();
                    assert_eq!(read, key);
                    let json = serde_json::to_string(&key).unwrap();
                    assert_eq!(serde_json::from_str::<Key>(&json).unwrap(), key);
                }
            }
        }
        let key = Key::random(Folder::Avatars, Kind::Gif);
        assert!(key.as_str().starts_with("avatars/"));
        assert_eq!(key.kind(), Kind::Gif);
        assert_eq!(key.still(Kind::Png).kind(), Kind::Png);
    }

    #[test]
    fn keys_differ() {
        assert_ne!(Key::random(Folder::Avatars, Kind::Png), Key::random(Folder::Avatars, Kind::Png));
    }

    #[test]
    fn what_is_somebodys_own_is_not_shown() {
        for folder in Folder::ALL {
            let is_public = !matches!(folder, Folder::Uploads | Folder::Archives);
            assert_eq!(Key::random(folder, Kind::Png).is_public(), is_public, "{folder:?}");
            assert!(!Key::random(folder, Kind::Zip).is_public() && !Key::random(folder, Kind::Raw).is_public());
        }
    }

    #[test]
    fn nothing_leaves_the_folder() {
        let good = Key::random(Folder::Attachments, Kind::Png).to_string();
        for bad in [
            String::new(),
            "..".to_owned(),
            "/".to_owned(),
            "attachments".to_owned(),
            "../../etc/passwd".to_owned(),
            format!("/{good}"),
            format!("../{good}"),
            format!("{good}/.."),
            format!("{good}\0"),
            format!("{good}#1"),
            format!("{good}%2e"),
            good.replace('/', "\\"),
            good.replace('/', "//"),
            good.replace("attachments", "secrets"),
            good.replace(".png", ".html"),
            good.replace(".png", ".PNG"),
            good.replace(".png", ".other.png"),
            good.replace(".png", ""),
            "attachments/../..".to_owned() + &good[good.len() - 33..],
            good.to_uppercase(),
        ] {
            assert!(matches!(Key::parse(&bad), Err(Error::BadKey)), "{bad:?}");
            let json = serde_json::to_string(&bad).unwrap();
            assert!(serde_json::from_str::<Key>(&json).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_only_what_we_write(text in "\\PC{0,80}") {
            prop_assert!(Key::parse(&text).is_err());
        }

        #[test]
        fn a_key_never_holds_dots_between_slashes(text in "(attachments|avatars|\\.\\.)/[0-9a-f./]{0,4}/[0-9a-f./]{0,4}/[0-9a-f./]{26,30}\\.(png|jpg)") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert!(!key.as_str().contains(".."));
                prop_assert_eq!(key.as_str().split('/').count(), 4);
            }
        }
    }
}
