//! The door of this crate: what somebody sent becomes stored variants, all of them or none.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::sync::oneshot;

use crate::drawings::{self, AttachmentDrawing, Drawing};
use crate::films::{Container, is_avif};
use crate::limits::{AVATAR, EMOJI_PIXELS, HEADER};
use crate::outlines::Outline;
use crate::pixels::Cut;
use crate::workers::Workers;
use crate::{Error, Facts, FilmSort, Films, Folder, Key, Kind, Limits, Store};

/// The media types of what films and sounds come in, and of the pictures that only ffmpeg can read.
const FILM_TYPES: [&str; 19] = [
    "image/avif",
    "video/webm",
    "video/mp4",
    "video/quicktime",
    "video/ogg",
    "video/x-matroska",
    "audio/wave",
    "audio/wav",
    "audio/x-wav",
    "audio/ogg",
    "audio/mpeg",
    "audio/mp3",
    "audio/webm",
    "audio/flac",
    "audio/aac",
    "audio/m4a",
    "audio/x-m4a",
    "audio/mp4",
    "audio/opus",
];

/// Takes pictures in and stores their variants. Cloning it is cheap and gives the same one.
#[derive(Clone, Debug)]
pub struct Media {
    store: Store,
    limits: Arc<Limits>,
    workers: Workers,
    films: Option<Films>,
}

/// A file that somebody sent: a large one lies on the disk.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// Small enough to be held.
    Memory(Bytes),
    /// At this path, for as long as its owner leaves it there.
    Disk(PathBuf),
}

/// A film or a sound that was stored as it came and waits for [`Media::convert`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Where it is kept; never served.
    pub key: Key,
    /// What it will be.
    pub sort: FilmSort,
}

/// A picture that is ready to be stored by whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The picture.
    pub bytes: Bytes,
    /// What it is.
    pub kind: Kind,
}

impl From<Drawing> for Copied {
    fn from(drawing: Drawing) -> Copied {
        Copied { bytes: drawing.bytes, kind: drawing.kind }
    }
}

/// A stored film or sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// The film; of a sound the sizes are 0.
    pub original: Variant,
    /// A still of a film, the cover of a sound when it has one.
    pub preview: Option<Variant>,
    /// What to show while the preview loads.
    pub blurhash: Option<String>,
    /// What it is.
    pub sort: FilmSort,
    /// What else is known.
    pub facts: Facts,
}

impl Film {
    /// The keys of everything that was stored for it.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.original.key).chain(self.preview.as_ref().map(|preview| &preview.key))
    }
}

/// One stored form of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name in the store, and behind `{origin}/media/`. Tells its kind ([`Key::kind`]).
    pub key: Key,
    /// Its width in pixels, as it is to be shown.
    pub width: u32,
    /// Its height in pixels, as it is to be shown.
    pub height: u32,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Variant {
    /// Its media type: `image/jpeg`.
    pub fn mime(&self) -> &'static str {
        self.key.kind().mime()
    }

    /// Its width divided by its height.
    pub fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

/// A stored picture that can be attached to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The picture itself, of at most [`ORIGINAL_PIXELS`](crate::ORIGINAL_PIXELS).
    pub original: Variant,
    /// A still of at most [`PREVIEW_PIXELS`](crate::PREVIEW_PIXELS); the original once more when it is no larger.
    pub preview: Variant,
    /// What to show while the picture loads: <https://blurha.sh>.
    pub blurhash: String,
    /// Whether the original moves (an animated GIF or WebP).
    pub animated: bool,
}

impl Attachment {
    /// The keys of everything that was stored for it, each once.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        keys(&self.original, &self.preview)
    }
}

/// A stored avatar or header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilePicture {
    /// The picture, cropped to its aspect, of at most [`AVATAR`] or [`HEADER`].
    pub original: Variant,
    /// Its still form for those who want nothing to move; the original once more when it does not move.
    pub still: Variant,
}

impl ProfilePicture {
    /// Whether the original moves.
    pub fn is_animated(&self) -> bool {
        self.original != self.still
    }

    /// The keys of everything that was stored for it, each once.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        keys(&self.original, &self.still)
    }
}

impl Media {
    /// Media in this store, with these limits, worked on by as many threads as the machine has cores.
    pub fn new(store: Store, limits: Limits) -> Media {
        Media { store, limits: Arc::new(limits), workers: Workers::for_this_machine(), films: None }
    }

    /// The same, and films and sounds are taken too when there is somebody to work on them.
    pub fn with_films(self, films: Option<Films>) -> Media {
        Media { films, ..self }
    }

    /// Whoever works on films and sounds, when they are taken.
    pub fn films(&self) -> Option<&Films> {
        self.films.as_ref()
    }

    /// The media types of everything that is taken right now.
    pub fn takes(&self) -> Vec<&'static str> {
        let mut types: Vec<&str> = Kind::PICTURES.map(Kind::mime).to_vec();
        if self.films.is_some() {
            types.extend(FILM_TYPES);
        }
        types
    }

    /// Where the files are.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What a file may weigh.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Stores a picture to be attached to a post, and its preview.
    ///
    /// Fails with a refusal ([`Error::is_refusal`]) when the file is none that is taken, with [`Error::Busy`] when no
    /// worker was free in time, with [`Error::Store`] when it could not be stored. Whoever gets an error, or stops
    /// waiting, leaves nothing in the store; whoever gets an [`Attachment`] owns its files and has to
    /// [`remove`](Media::remove) them when no row comes to name them.
    pub async fn attach(&self, file: Bytes) -> Result<Attachment, Error> {
        let drawn = self.picture(file).await?;
        let key = Key::random(Folder::Attachments, drawn.original.kind);
        let original = Variant::of(key.clone(), &drawn.original);
        let preview = match &drawn.preview {
            Some(preview) => Variant::of(key.preview(preview.kind), preview),
            None => original.clone(),
        };
        let mut files = vec![(original.key.clone(), Content::from(drawn.original.bytes))];
        files.extend(drawn.preview.map(|drawing| (preview.key.clone(), drawing.bytes.into())));
        self.keep(files).await?;
        Ok(Attachment { original, preview, blurhash: drawn.blurhash, animated: drawn.animated })
    }

    /// Stores the picture of a page that posts link to: a still of at most [`PREVIEW_PIXELS`](crate::PREVIEW_PIXELS), with
    /// its blurhash. Fails as [`attach`](Media::attach) does.
    pub async fn card(&self, file: Bytes) -> Result<(Variant, String), Error> {
        let (drawing, blurhash) = self.draw(file, drawings::card).await?;
        let variant = Variant::of(Key::random(Folder::Cards, drawing.kind), &drawing);
        self.keep(vec![(variant.key.clone(), drawing.bytes.into())]).await?;
        Ok((variant, blurhash))
    }

    /// A picture of another server, drawn as an attachment is: without metadata, within the limits, of a kind that browsers show.
    /// Nothing is stored.
    ///
    /// # Errors
    /// As those of [`attach`](Media::attach).
    pub async fn copy(&self, file: Bytes) -> Result<Copied, Error> {
        let drawn = self.picture(file).await?;
        Ok(drawn.original.into())
    }

    /// The same as small as a preview.
    ///
    /// # Errors
    /// As those of [`attach`](Media::attach).
    pub async fn small_copy(&self, file: Bytes) -> Result<Copied, Error> {
        let drawn = self.picture(file).await?;
        Ok(drawn.preview.unwrap_or(drawn.original).into())
    }

    async fn picture(&self, file: Bytes) -> Result<AttachmentDrawing, Error> {
        self.limits.check_bytes(&file)?;
        match &self.films {
            Some(films) if is_avif(&file) => {
                let (png, turn) = films.decode(&file).await?;
                let draw = move |png: &[u8], limits: &Limits| drawings::photo(png, turn, &Limits { bytes: u64::MAX, ..*limits });
                self.work(png, draw).await
            }
            _ => self.draw(file, drawings::attachment).await,
        }
    }

    /// Whether the file is one for [`accept`](Media::accept): a film, a sound, or an animated GIF, of a kind that is taken.
    pub async fn takes_time(&self, file: &Incoming) -> Result<bool, Error> {
        let Some(container) = self.container(file).await? else { return Ok(false) };
        match (container, file) {
            (Container::Gif, Incoming::Memory(bytes)) => {
                let (bytes, limits) = (bytes.clone(), Arc::clone(&self.limits));
                let trace = move || Outline::trace(&bytes, &limits).map(|outline| outline.is_animated());
                self.workers.run(trace, |message| Error::broken(Kind::Gif, message)).await
            }
            (Container::Gif, Incoming::Disk(_)) => Ok(false),
            _ => Ok(true),
        }
    }

    /// Looks at a film or a sound, refuses what is not taken, and stores it as it came. Whoever gets an [`Accepted`] owns its
    /// file, as with [`attach`](Media::attach).
    ///
    /// # Errors
    /// As those of [`attach`](Media::attach); a file that is none of these is unsupported.
    pub async fn accept(&self, file: Incoming) -> Result<Accepted, Error> {
        let unsupported = || Error::Unsupported { found: None, films: self.films.is_some() };
        let (Some(films), Some(container)) = (&self.films, self.container(&file).await?) else { return Err(unsupported()) };
        let room = films.room()?;
        let path = match file {
            Incoming::Disk(path) => path,
            Incoming::Memory(bytes) => {
                let path = room.path().join("upload");
                tokio::fs::write(&path, bytes).await.map_err(Error::failed)?;
                path
            }
        };
        let got = tokio::fs::metadata(&path).await.map_err(Error::failed)?.len();
        if got > films.limits().bytes {
            return Err(Error::TooLarge { limit: films.limits().bytes, got });
        }
        let sort = films.look(&path, container).await?;
        let key = Key::random(Folder::Uploads, Kind::Raw);
        self.keep(vec![(key.clone(), Content::File(path, Some(Arc::new(room))))]).await?;
        Ok(Accepted { key, sort })
    }

    /// Makes an accepted file into what every browser plays, and stores that and its still. The file as it came stays.
    ///
    /// # Errors
    /// A refusal when it cannot be done for this file, whatever is tried; [`Error::Busy`] at once while another film is worked
    /// on; everything else may be tried again, too.
    pub async fn convert(&self, accepted: &Key) -> Result<Film, Error> {
        let films = self.films.as_ref().ok_or_else(|| Error::failed("there is no ffmpeg any more"))?;
        if films.is_busy() {
            return Err(Error::Busy);
        }
        let room = films.room()?;
        let path = room.path().join("upload");
        self.store.fetch(accepted, &path).await?;
        let container = self.container(&Incoming::Disk(path.clone())).await?;
        let container = container.ok_or(Error::Unsupported { found: None, films: true })?;
        let made = films.make(&path, container).await?;
        let still = match made.still.clone() {
            Some(png) => {
                let poster = |png: &[u8], limits: &Limits| drawings::poster(png, &Limits { bytes: u64::MAX, ..*limits });
                Some(self.work(png, poster).await?)
            }
            None => None,
        };
        let key = Key::random(Folder::Attachments, made.kind);
        let bytes = tokio::fs::metadata(&made.file).await.map_err(Error::failed)?.len();
        let original = Variant { key: key.clone(), width: made.width, height: made.height, bytes };
        let preview = still.as_ref().map(|(drawing, _)| Variant::of(key.preview(drawing.kind), drawing));
        let (sort, facts) = (made.sort, made.facts.clone());
        let mut files = vec![(key, Content::File(made.file.clone(), Some(Arc::new(made))))];
        let blurhash = still.as_ref().map(|(_, blurhash)| blurhash.clone());
        files.extend(still.zip(preview.as_ref()).map(|((drawing, _), preview)| (preview.key.clone(), drawing.bytes.into())));
        self.keep(files).await?;
        Ok(Film { original, preview, blurhash, sort, facts })
    }

    /// What a film or a sound comes in, when those are taken.
    async fn container(&self, file: &Incoming) -> Result<Option<Container>, Error> {
        if self.films.is_none() {
            return Ok(None);
        }
        match file {
            Incoming::Memory(bytes) => Ok(Container::of(bytes)),
            Incoming::Disk(path) => {
                let mut head = Vec::new();
                let file = tokio::fs::File::open(path).await.map_err(Error::failed)?;
                file.take(64).read_to_end(&mut head).await.map_err(Error::failed)?;
                Ok(Container::of(&head))
            }
        }
    }

    /// Stores an avatar: the middle of the picture as a square of at most [`AVATAR`], and a still form of it when it
    /// moves. Fails as [`attach`](Media::attach) does.
    pub async fn avatar(&self, file: Bytes) -> Result<ProfilePicture, Error> {
        self.profile_picture(file, Folder::Avatars, Cut::Middle { width: AVATAR.0, height: AVATAR.1 }).await
    }

    /// Stores a header: the middle of the picture, three times as wide as high, of at most [`HEADER`], and a still
    /// form of it when it moves. Fails as [`attach`](Media::attach) does.
    pub async fn header(&self, file: Bytes) -> Result<ProfilePicture, Error> {
        self.profile_picture(file, Folder::Headers, Cut::Middle { width: HEADER.0, height: HEADER.1 }).await
    }

    /// Stores a custom emoji as a whole, of at most [`EMOJI_PIXELS`], and a still form of it when it moves. Fails as
    /// [`attach`](Media::attach) does.
    pub async fn emoji(&self, file: Bytes) -> Result<ProfilePicture, Error> {
        self.profile_picture(file, Folder::Emojis, Cut::Whole { pixels: EMOJI_PIXELS }).await
    }

    /// Deletes files from the store, going on past those that fail; keys without a file are fine.
    /// Fails with the first error that came up.
    pub async fn remove(&self, keys: impl IntoIterator<Item = &Key>) -> Result<(), Error> {
        remove(&self.store, keys).await
    }

    async fn profile_picture(&self, file: Bytes, folder: Folder, cut: Cut) -> Result<ProfilePicture, Error> {
        let draw = move |file: &[u8], limits: &Limits| drawings::profile_picture(file, cut, limits);
        let drawn = self.draw(file, draw).await?;
        let key = Key::random(folder, drawn.original.kind);
        let original = Variant::of(key.clone(), &drawn.original);
        let still = match &drawn.still {
            Some(still) => Variant::of(key.still(still.kind), still),
            None => original.clone(),
        };
        let mut files = vec![(original.key.clone(), Content::from(drawn.original.bytes))];
        files.extend(drawn.still.map(|drawing| (still.key.clone(), drawing.bytes.into())));
        self.keep(files).await?;
        Ok(ProfilePicture { original, still })
    }

    /// Draws on a worker, once it is clear that the file deserves one.
    async fn draw<T: Send + 'static>(
        &self,
        file: Bytes,
        draw: impl FnOnce(&[u8], &Limits) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.limits.check_bytes(&file)?;
        let films = self.films.is_some();
        self.work(file, draw).await.map_err(|error| match error {
            Error::Unsupported { found, .. } => Error::Unsupported { found, films },
            error => error,
        })
    }

    async fn work<T: Send + 'static>(
        &self,
        file: Bytes,
        draw: impl FnOnce(&[u8], &Limits) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let kind = Kind::of(&file);
        let limits = Arc::clone(&self.limits);
        // Decoders panic over some file now and then, so the file is to blame for it.
        let on_panic = move |message| match kind {
            Some(kind) => Error::broken(kind, format!("panic: {message}")),
            None => Error::failed(message),
        };
        self.workers.run(move || draw(&file, &limits), on_panic).await
    }

    /// Stores all files or none. This goes on by itself when the caller goes away, so that it can clean up.
    async fn keep(&self, files: Vec<(Key, Content)>) -> Result<(), Error> {
        let store = self.store.clone();
        let (answer, outcome) = oneshot::channel();
        tokio::spawn(async move {
            let keys: Vec<Key> = files.iter().map(|(key, _)| key.clone()).collect();
            let puts = files.into_iter().map(|(key, content)| {
                let store = store.clone();
                async move {
                    match content {
                        Content::Bytes(bytes) => store.put(&key, bytes).await,
                        Content::File(path, _held) => store.put_file(&key, &path).await,
                    }
                }
            });
            let stored = join_all(puts).await.into_iter().collect::<Result<(), Error>>();
            let failed = stored.is_err();
            let unheard = answer.send(stored).is_err();
            if !failed && !unheard {
                return;
            }
            if let Err(cause) = remove(&store, &keys).await {
                tracing::warn!(%cause, ?keys, "could not clean up after a failed upload");
            }
        });
        outcome.await.unwrap_or_else(|_| Err(Error::failed("the runtime stopped")))
    }
}

/// What is to be stored.
enum Content {
    Bytes(Bytes),
    /// The file at this path, and what keeps it there.
    File(PathBuf, Option<Arc<dyn Send + Sync>>),
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Content {
        Content::Bytes(bytes)
    }
}

impl Variant {
    fn of(key: Key, drawing: &Drawing) -> Variant {
        Variant { key, width: drawing.width, height: drawing.height, bytes: drawing.bytes.len() as u64 }
    }
}

fn keys<'a>(original: &'a Variant, other: &'a Variant) -> impl Iterator<Item = &'a Key> {
    let other = Some(&other.key).filter(|key| **key != original.key);
    std::iter::once(&original.key).chain(other)
}

async fn remove(store: &Store, keys: impl IntoIterator<Item = &Key>) -> Result<(), Error> {
    let mut outcome = Ok(());
    for key in keys {
        outcome = outcome.and(store.delete(key).await);
    }
    outcome
}

#[cfg(test)]
mod tests;
